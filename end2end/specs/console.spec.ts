/** Each page in its states: names, moves, confirmations, hostile values, and nothing that axe minds. */
import type { Locator } from "@playwright/test";
import { AccessPage } from "../pages/access";
import { suitsEverybody } from "../pages/axe";
import { Console } from "../pages/console";
import { ADMIN, type Server, expect, setUp, test } from "../fixtures/server";

const FRONT = "+14155550100";

/** What a script is told under `/api/phone`. */
async function told(server: Server, path: string): Promise<unknown> {
  const answer = await fetch(`${server.url}/api/phone${path}`, { headers: { authorization: `Bearer ${server.key()}` } });
  return answer.json();
}

test("signing out and in again, and what a stranger sees @both", async ({ admin }) => {
  await admin.goto("/account");
  await admin.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(admin).toHaveURL(/\/sign-in/);
  await admin.goto("/settings/sip");
  await expect(admin).toHaveURL(/\/sign-in\?next=/);
  await admin.getByLabel("E-mail").fill(ADMIN.email);
  await admin.getByLabel("Password").fill("not the password at all");
  await admin.getByRole("button", { name: "Sign in" }).click();
  await expect(admin.getByRole("alert")).toContainText("The e-mail or password is not right.");
  await admin.getByLabel("E-mail").fill(ADMIN.email);
  await admin.getByLabel("Password").fill(ADMIN.password);
  await admin.getByRole("button", { name: "Sign in" }).click();
  await expect(admin.getByRole("heading", { level: 1, name: "SIP" })).toBeVisible();
});

test("a used set-up link makes nobody else @both", async ({ admin, server }) => {
  await admin.goto(await server.setupLink());
  await expect(admin.getByRole("main")).toContainText("Set-up is finished. Sign in.");
});

test("the ID that an agent's page gives away is the one scripts know @both", async ({ admin, context, server, javaScriptEnabled }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  await walk.createAgent({ name: "Front desk" });
  const [{ id }] = (await told(server, "")) as { id: string }[];
  const identity = walk.part("Identity");
  await expect(identity.locator('[data-value="Agent ID"]')).toHaveText(id);
  await expect(identity.locator('[data-value="Header line"]')).toHaveText(`X-Agent-ID: ${id}`);
  if (javaScriptEnabled) {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await identity.getByRole("button", { name: "Copy Agent ID", exact: true }).click();
    await expect(identity.getByRole("status").filter({ hasText: "Agent ID copied" })).toBeVisible();
    expect(await admin.evaluate(() => navigator.clipboard.readText())).toBe(id);
  }
});

test("a number held by another agent is moved in one confirmed step @both", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  await walk.addNumbers(FRONT);
  const front = await walk.createAgent({ name: "Front desk" });
  const sales = await walk.createAgent({ name: "Sales" });
  await walk.assign(front, FRONT);
  await walk.assign(sales, FRONT);
  await expect(admin.getByText("+1 415 555 0100 is answered by Front desk.")).toBeVisible();
  await admin.getByRole("button", { name: "Move number" }).click();
  await expect(walk.part("Telephony & Routing").getByRole("table")).toContainText("+1 415 555 0100");
  await walk.assign(sales, "+41446681800");
  await admin.getByRole("button", { name: "Add and assign" }).click();
  await expect(walk.part("Telephony & Routing").getByRole("table")).toContainText("+41 44 668 18 00");
});

test("a second credential, an address, and removing after a question @both", async ({ admin, server }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  const who = walk.part("Who may call in");
  await who.getByText("Add credential").first().click();
  await who.getByLabel("Label").first().fill("Office PBX");
  await who.getByRole("button", { name: "Add credential" }).click();
  await expect(who).toContainText("Office PBX");
  await who.getByText("Add address").first().click();
  await who.getByLabel("Label").nth(1).fill("Carrier");
  await who.getByLabel("Addresses or ranges").fill("54.172.60.0/33\n0.0.0.0/0");
  await who.getByRole("button", { name: "Allow address" }).click();
  await expect(who.getByRole("alert")).toContainText("54.172.60.0/33");
  await who.getByLabel("Addresses or ranges").fill("54.172.60.0/30");
  await who.getByRole("button", { name: "Allow address" }).click();
  await expect(who).toContainText("54.172.60.0/30");
  const { items } = (await told(server, "/sip/inbound-trunk/credentials")) as { items: { kind: string; endpoint_name: string }[] };
  const carrier = items.find(({ kind }) => kind === "network")!;
  expect(carrier.endpoint_name).toMatch(/^[a-z0-9]{6,}$/);
  await expect(who.getByRole("row", { name: "Carrier" })).toContainText(`Endpoint name ${carrier.endpoint_name}.`);
  await who.getByRole("link", { name: "Remove Office PBX" }).click();
  await expect(who).toContainText("Remove credential Office PBX?");
  await who.getByRole("button", { name: "Remove credential" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "The credential is removed." })).toBeVisible();
  await expect(who).not.toContainText("Office PBX");
});

test.describe("where one region has a host of its own", () => {
  test.use({ settings: { PATCHBAY_SIP__REGIONS__EU: "eu.sip.example.com" } });

  test("choosing it changes the endpoint, and a region without a host says what is missing @both", async ({ admin, server, javaScriptEnabled }) => {
    const walk = new Console(admin);
    await walk.createTrunk();
    const connection = walk.part("Connection");
    const endpoint = connection.locator('[data-value="SIP endpoint"]').first();
    await expect(endpoint).toHaveText(server.sip);
    const region = connection.getByLabel("SIP endpoint region");
    const without = region.getByRole("option", { name: "APAC (India): has no address of its own here (set sip.regions.apac)" });
    await expect(without).toBeDisabled();
    await expect(region.getByRole("option", { name: "EU", exact: true })).toBeEnabled();
    const save = connection.getByRole("button", { name: "Save region" });
    if (javaScriptEnabled) {
      await expect(save).toBeHidden();
      await admin.locator("html[data-awake]").waitFor({ state: "attached" });
    }
    await region.selectOption({ label: "EU" });
    if (!javaScriptEnabled) await save.click();
    await expect(admin.getByRole("status").filter({ hasText: "Saved. Carriers set to another region keep working." })).toBeVisible();
    await expect(endpoint).toHaveText(`eu.sip.example.com:${server.sipPort}`);
    await expect(region).toHaveValue("eu");
  });
});

test("faulty numbers stay in the box with what is wrong with them @both", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  const box = admin.getByLabel("Numbers, one per line");
  await box.fill("+14155550100\n+1415555O100\n112");
  await admin.getByRole("button", { name: "Add numbers" }).click();
  const preview = admin.getByRole("table", { name: "Check before adding" });
  await expect(preview).toContainText("+1415555O100");
  await expect(preview).toContainText("112");
  await expect(box).toHaveValue("+1415555O100\n112");
  await admin.getByRole("button", { name: "Add 1 number" }).click();
  await expect(admin.getByRole("table", { name: "Phone Numbers" })).toContainText("+1 415 555 0100");
});

test("hostile names are refused or shown as they are @both", async ({ admin }) => {
  const walk = new Console(admin);
  const asked: string[] = [];
  admin.on("dialog", (dialog) => { asked.push(dialog.message()); void dialog.dismiss(); });
  const name = `<img src=x onerror=alert(1)> "quoted" & 'so'`;
  const id = await walk.createAgent({ name });
  await admin.goto(`/channels/phone/agents/${id}`);
  await expect(admin.getByRole("heading", { level: 1 })).toHaveText(name);
  await expect(admin.getByLabel("Name", { exact: true })).toHaveValue(name);
  await admin.getByLabel("Name", { exact: true }).fill("x".repeat(4_000));
  await admin.getByRole("button", { name: "Save changes" }).click();
  await expect(admin.getByRole("alert")).toContainText("Up to 120 characters; this has 4000.");
  expect(asked).toEqual([]);
});

test("no such page, agent or call @both", async ({ admin }) => {
  for (const path of ["/nope", "/channels/phone/agents/nobody", "/inbox/00000000-0000-7000-8000-000000000000"]) {
    const answer = await admin.goto(path);
    expect(answer?.status(), path).toBe(404);
    await expect(admin.getByRole("main")).toContainText(/There is no/);
  }
});

test("the theme is kept and the page speaks without JavaScript @both", async ({ admin }) => {
  await admin.goto("/account");
  await admin.getByLabel("Dark").check();
  await admin.getByRole("region", { name: "Preferences" }).getByRole("button", { name: "Save changes" }).click();
  await expect(admin.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("axe finds nothing serious on empty pages, at each width in both themes", async ({ admin }) => {
  test.setTimeout(120_000);
  const pages = ["/", "/settings/sip", "/channels/phone/agents", "/channels/phone/numbers", "/inbox", "/inbox?view=strangers", "/troubleshooting", "/search", "/settings/access", "/settings/system", "/settings/audit", "/account", "/nope"];
  for (const path of pages) {
    await admin.goto(path);
    await suitsEverybody(admin, `empty ${path}`);
  }
});

test("axe finds nothing serious on filled pages, at each width in both themes", async ({ admin }) => {
  test.setTimeout(120_000);
  const walk = new Console(admin);
  await walk.createTrunk();
  await walk.addNumbers(FRONT, "+41446681800");
  const agent = await walk.createAgent({ name: "Front desk" });
  await walk.assign(agent, FRONT);
  const pages = ["/", "/settings/sip", "/settings/sip?confirm=remove-trunk", "/channels/phone/agents", `/channels/phone/agents/${agent}`, "/channels/phone/agents/new", "/channels/phone/numbers", "/troubleshooting?to=0446681800", "/settings/access", "/settings/audit?thing=number", "/settings/sip?recipe=twilio", "/search?q=a"];
  for (const path of pages) {
    await admin.goto(path);
    await suitsEverybody(admin, path.replace(agent, "one"));
  }
});

test("axe finds nothing serious on the pages before the console, at each width in both themes", async ({ page, server }) => {
  test.setTimeout(120_000);
  await page.goto(await server.setupLink());
  await suitsEverybody(page, "set-up");
  await page.goto("/setup");
  await suitsEverybody(page, "set-up without its link");
  await setUp(page, server);
  const link = await new AccessPage(page).invite("bo@example.com", "Viewer");
  await page.context().clearCookies();
  await page.goto(await server.setupLink());
  await expect(page.getByRole("main")).toContainText("Set-up is finished.");
  await suitsEverybody(page, "set-up, finished");

  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill(ADMIN.email);
  await page.getByLabel("Password").fill("not the password at all");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("The e-mail or password is not right.");
  await suitsEverybody(page, "sign-in, refused");

  await page.goto("/password");
  await expect(page.getByRole("main")).toContainText("This page needs the whole link");
  await suitsEverybody(page, "password without its link");
  await page.goto(link);
  await suitsEverybody(page, "password");
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Save password" }).click();
  await expect(page.getByRole("alert").first()).toContainText("At least 12 characters");
  await suitsEverybody(page, "password, refused");
});

test("lists are sorted by their headings, and the address says how @both", async ({ admin }) => {
  const walk = new Console(admin);
  for (const name of ["Sales", "Front desk"]) await walk.createAgent({ name });
  await walk.createTrunk();
  await walk.addNumbers("+14155550100", "+14155550102", "+14155550101");
  const first = (table: string): Locator => admin.getByRole("table", { name: table }).getByRole("row").nth(1);
  await admin.goto("/channels/phone/agents");
  await expect(first("Agents")).toContainText("Front desk");
  await admin.getByRole("columnheader", { name: "Name" }).getByRole("link").click();
  await expect(admin).toHaveURL(/sort=-name/);
  await expect(first("Agents")).toContainText("Sales");
  await expect(admin.getByRole("columnheader", { name: "Name" })).toHaveAttribute("aria-sort", "descending");
  await admin.goto("/channels/phone/numbers?show=trunk");
  await expect(first("Numbers")).toContainText("+1 415 555 0100");
  await admin.getByRole("columnheader", { name: "Number" }).getByRole("link").click();
  await expect(first("Numbers")).toContainText("+1 415 555 0102");
  await expect(admin).toHaveURL(/show=trunk.*sort=-phone_number/);
  await admin.setViewportSize({ width: 390, height: 800 });
  await admin.getByRole("columnheader", { name: "Last call" }).getByRole("link").click();
  await expect(admin).toHaveURL(/sort=-last_call_at/);
  const wrong = await admin.goto("/inbox?sort=colour");
  expect(wrong?.status()).toBe(422);
});
