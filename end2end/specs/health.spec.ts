/** How a trunk is, told by a real carrier that goes and comes back: in place, on every page that shows it. */
import type { Page } from "@playwright/test";
import { Outbound } from "../pages/outbound";
import { DeskPhone } from "../peers/baresip";
import { clearFolders } from "../peers/place";
import { type Server, expect, test } from "../fixtures/server";

const [CALLER_ID, CUSTOMER] = ["+14155550100", "+14155550177"];
test.afterAll(clearFolders);

/** Somebody else does something with the trunk. */
async function ask(server: Server, key: string, method: string, path: string, body: object): Promise<void> {
  const answer = await fetch(`${server.url}/api/phone/sip/${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.ok, await answer.text()).toBe(true);
}

/** What a reload would take away. */
const mark = (page: Page): Promise<void> => page.evaluate(() => document.documentElement.setAttribute("data-never-left", ""));

test("the badge, the facts and the list follow a carrier that goes and comes back", async ({ admin, server }) => {
  test.setTimeout(120_000);
  const out = new Outbound(admin);
  let carrier = await DeskPhone.start(CUSTOMER, 440, 100_000);
  try {
    await out.openNew();
    await out.fill({ name: "Acme", host: carrier.host, callerNumber: CALLER_ID });
    await admin.getByRole("group", { name: "Transport" }).getByLabel("TCP").check();
    await out.create();
    await expect(admin.getByRole("heading", { level: 1, name: "Acme" })).toBeVisible();
    const trunk = new URL(admin.url()).pathname.split("/").pop()!;
    const key = server.key();
    const call = (): Promise<void> => ask(server, key, "POST", "test-call", { to: CUSTOMER, outbound_trunk_id: trunk });
    await ask(server, key, "PATCH", `outbound-trunks/${trunk}`, { max_cps: 10 });
    const badge = admin.locator(".page-head-title");
    const facts = admin.getByRole("region", { name: "Facts" });
    await expect(badge).toContainText("Up");
    await expect(facts).toContainText(/Up ?since \d/);

    const sip = await admin.context().newPage();
    await sip.goto("/settings/sip#outbound");
    const row = sip.getByRole("region", { name: "Outbound trunks" }).getByRole("row", { name: "Acme" });
    const overview = await admin.context().newPage();
    await overview.goto("/");
    for (const page of [admin, sip, overview]) await mark(page);

    // Somebody is changing the trunk meanwhile, and about to click below what changes.
    await admin.bringToFront();
    await expect(admin.getByText("Live", { exact: true })).toBeVisible();
    await admin.setViewportSize({ width: 390, height: 600 });
    await admin.getByLabel("Name", { exact: true }).fill("Acme Berlin");
    const remove = admin.getByRole("link", { name: "Delete trunk" });
    await remove.hover();
    const stood = (await remove.boundingBox())!.y;

    await carrier.stop();
    for (let calls = 0; calls < 3; calls += 1) await call();
    await expect(badge).toContainText("Down");
    await expect(facts).toContainText("It used to answer and does not any more.");
    expect(Math.abs((await remove.boundingBox())!.y - stood), "what the pointer is on stays there").toBeLessThan(2);
    await expect(admin.getByLabel("Name", { exact: true })).toHaveValue("Acme Berlin");
    await sip.bringToFront();
    await expect(row).toContainText(/Down ?since \d.*It used to answer and does not any more\./);
    await overview.bringToFront();
    await expect(overview.getByText(/^Trunk Acme is down since .*: It used to answer and does not any more\.$/)).toBeVisible();
    await expect(overview.getByRole("link", { name: "Open Acme" })).toHaveAttribute("href", new RegExp(`${trunk}$`));

    carrier = await DeskPhone.start(CUSTOMER, 440, 60_000, carrier.host);
    await call();
    await expect(overview.getByText("Trunk Acme is down")).toHaveCount(0);
    await sip.bringToFront();
    await expect(row).toContainText(/Up ?since \d.*last call answered/);
    await admin.bringToFront();
    await expect(badge).toContainText("Up");
    await expect(facts).toContainText("last call answered");
    await expect(facts).not.toContainText("It used to answer");
    await expect(admin.getByLabel("Name", { exact: true })).toHaveValue("Acme Berlin");
    for (const page of [admin, sip, overview]) await expect(page.locator("html")).toHaveAttribute("data-never-left", "");
  } finally {
    await carrier.stop();
  }
});

test("a page that hears nothing any more says so", async ({ admin, server }) => {
  const out = new Outbound(admin);
  await out.openNew();
  await out.fill({ name: "Acme", host: "203.0.113.9", callerNumber: CALLER_ID });
  await out.create();
  await expect(admin.getByText("Live", { exact: true })).toBeVisible();
  await server.stop();
  await expect(admin.getByText("Live updates stopped")).toBeVisible();
  await expect(admin.getByRole("link", { name: "Reload" })).toBeVisible();
});

test("a page comes alive in a browser that is never idle", async ({ admin }) => {
  // As Chromium is where nothing is to be painted: only who sets a time is called.
  await admin.addInitScript(() => {
    window.requestIdleCallback = (work, options) =>
      options?.timeout ? Number(setTimeout(work, options.timeout, { didTimeout: true, timeRemaining: () => 0 })) : 0;
  });
  await admin.goto("/");
  await expect(admin.getByText("Live", { exact: true })).toBeVisible();
});
