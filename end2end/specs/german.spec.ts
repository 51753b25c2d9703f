/** The second language: chosen in Account or asked for by the browser, and as wide as it is, nothing scrolls sideways. */
import type { Page } from "@playwright/test";
import { axeMindsNothing } from "../pages/axe";
import { Console } from "../pages/console";
import { clearFolders } from "../peers/place";
import { dialWithSipp } from "../peers/sipp";
import { expect, test } from "../fixtures/server";

test.afterAll(clearFolders);

async function speakGerman(page: Page): Promise<void> {
  await page.goto("/account");
  await page.getByLabel("Language").selectOption("Deutsch");
  await page.getByRole("region", { name: "Preferences" }).getByRole("button", { name: "Save changes" }).click();
}

test("German is chosen in Account and kept @both", async ({ admin }) => {
  await admin.goto("/account");
  await admin.getByLabel("Language").selectOption("Deutsch");
  await admin.getByRole("region", { name: "Preferences" }).getByRole("button", { name: "Save changes" }).click();
  await expect(admin.getByRole("heading", { level: 1, name: "Konto" })).toBeVisible();
  await expect(admin.locator("html")).toHaveAttribute("lang", "de");
  await admin.goto("/settings/sip");
  await admin.getByRole("button", { name: "Eingehenden Trunk anlegen" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "Der eingehende Trunk ist da." })).toBeVisible();
});

test.describe("as the browser asks", () => {
  test.use({ locale: "de-CH" });
  test("pages are German, well named, and fit a narrow window", async ({ page, server }) => {
    await page.goto(`${server.url}/sign-in`);
    await expect(page.getByRole("heading", { level: 1, name: "Anmelden" })).toBeVisible();
    await page.setViewportSize({ width: 320, height: 900 });
    await axeMindsNothing(page);
  });
});

test("the engine's form is German for each kind of engine, and fits a narrow window", async ({ admin }) => {
  const walk = new Console(admin);
  const agent = await walk.createAgent({ name: "Front desk" });
  await speakGerman(admin);
  await admin.setViewportSize({ width: 390, height: 900 });
  for (const [kind, field] of [
    ["Sprachbot (WebSocket)", "Adresse"],
    ["Realtime-Modell", /^Stimme/],
    ["Telefon (SIP-URI)", /^Benutzername/],
  ] as const) {
    await admin.goto(`/channels/phone/agents/${agent}`);
    const engine = walk.part("Engine");
    await engine.getByLabel(kind).check();
    await expect(engine.getByLabel(field).first()).toBeVisible();
    await axeMindsNothing(admin);
    const tooWide = await admin.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    expect.soft(tooWide, `${kind} scrolls sideways`).toBe(false);
  }
});

test("no German page scrolls sideways at 390 px", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  await walk.addNumbers("+14155550100");
  const agent = await walk.createAgent({ name: "Front desk" });
  await speakGerman(admin);
  await admin.setViewportSize({ width: 390, height: 900 });
  const pages = ["/", "/inbox", "/settings/sip", "/settings/access", "/settings/system", "/settings/audit", "/channels/phone/agents", `/channels/phone/agents/${agent}`, "/channels/phone/numbers", "/troubleshooting", "/search", "/account"];
  for (const path of pages) {
    await admin.goto(path);
    const tooWide = await admin.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    expect.soft(tooWide, `${path} scrolls sideways`).toBe(false);
  }
});

test("German tabs stand in one line at 390 px, and seconds have a comma", async ({ admin, server }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  const line = { ...(await walk.threeValues()), endpoint: server.sip };
  await walk.addNumbers("+14155550100");
  const agent = await walk.createAgent({ name: "Front desk" });
  await walk.assign(agent, "+14155550100");
  expect((await dialWithSipp({ line, number: "+14155550100", holdMs: 1_000 })).status).toBe(200);
  await walk.openNewest();
  const call = new URL(admin.url()).pathname;
  await speakGerman(admin);
  await admin.setViewportSize({ width: 390, height: 900 });
  await admin.goto("/inbox");
  const tabs = admin.locator(".tabs li");
  await expect(tabs).toHaveText(["Anrufe", "Laufend", "Abgewiesen", "Kam nicht herein"]);
  const tops = await tabs.evaluateAll((items) => items.map((item) => Math.round(item.getBoundingClientRect().top)));
  expect(new Set(tops).size, `tops ${tops.join(", ")}`).toBe(1);
  await admin.goto(call);
  await expect(admin.locator("#call-summary")).toContainText(/\d,\d s/);
  await expect(admin.locator("#quality")).toContainText(/\d,\d ms/);
});
