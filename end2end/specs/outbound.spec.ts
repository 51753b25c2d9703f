/** The ways out: a trunk from faults to health, the agent that uses it, and where calls are handed on to. */
import { suitsEverybody } from "../pages/axe";
import { Console } from "../pages/console";
import { Outbound } from "../pages/outbound";
import { expect, test } from "../fixtures/server";

const ACME = {
  name: "Acme Frankfurt",
  host: "203.0.113.9",
  callerNumber: "+14155550100",
  username: "acme-77",
  password: "not shown again",
};

test("a pasted SIP URI is taken apart, and the page says so @both", async ({ admin }) => {
  const out = new Outbound(admin);
  await out.openNew();
  await out.fill({ ...ACME, host: "sip:203.0.113.9:5081;transport=tcp" });
  await out.create();
  const said = admin.getByRole("status").filter({ hasText: `Trunk ${ACME.name} created.` });
  await expect(said).toContainText("Port 5081 and TCP were moved to their fields.");
  await expect(admin.getByLabel("SIP host")).toHaveValue("203.0.113.9");
  await expect(admin.getByLabel(/^Port/)).toHaveValue("5081");
});

test("a trunk is made after its faults, looked at, changed, used and kept from deletion @both", async ({ admin }, info) => {
  const script = info.project.name === "js";
  const walk = new Console(admin);
  const out = new Outbound(admin);
  const agent = await walk.createAgent({ name: "Front desk" });

  await admin.goto("/settings/sip");
  await expect(walk.part("Outbound trunks")).toContainText("Agents can answer calls, but can't place them");
  await admin.goto(`/channels/phone/agents/${agent}`);
  await expect(walk.part("Telephony & Routing")).toContainText("Choose an outbound trunk to place calls.");

  await out.openNew();
  await out.fill({ ...ACME, callerNumber: "415-555-0100", username: "acme-77", password: "" });
  await admin.getByLabel("Allowed countries").fill("US\nXX");
  await out.create();
  const main = admin.getByRole("main");
  await expect(main).toContainText("has no country code. Write it like +14155550100.");
  await expect(main).toContainText("Enter the username and password, or turn digest authentication off.");
  await expect(admin.getByLabel("Allowed countries")).toHaveAttribute("aria-invalid", "true");
  await expect(admin.getByLabel("SIP host")).toHaveValue(ACME.host);

  await out.fill(ACME);
  await admin.getByLabel("Allowed countries").fill("US\nDE");
  await out.look(!script);
  await expect(out.preview).toContainText("INVITE sip:+493023125012@203.0.113.9");
  await expect(out.preview).toContainText("From: <sip:+14155550100@203.0.113.9>");
  await expect(out.preview).toContainText("P-Asserted-Identity: <sip:+14155550100@203.0.113.9>");
  await expect(out.preview).toContainText("to 203.0.113.9:5060 over UDP");
  if (script) {
    // As it is typed, and whatever is wrong with what the INVITE does not show.
    await admin.getByLabel("Name", { exact: true }).fill("");
    await admin.getByRole("group", { name: "Transport" }).getByLabel("TLS").check();
    await expect(out.preview).toContainText("to 203.0.113.9:5061 over TLS");
    await admin.getByLabel("SIP host").fill("acme sip");
    await expect(out.preview).toContainText("Enter host and caller ID to see it.");
    await out.fill(ACME);
    await admin.getByRole("group", { name: "Transport" }).getByLabel("UDP").check();
    await expect(out.preview).toContainText("to 203.0.113.9:5060 over UDP");
  }
  // A preview that follows the typing has sent nothing, so that nothing has to be entered again.
  await expect(admin.getByLabel("Password")).toHaveValue(script ? ACME.password : "");
  if (!script) await admin.getByLabel("Password").fill(ACME.password);
  await out.create();
  await expect(admin.getByRole("heading", { level: 1, name: ACME.name })).toBeVisible();
  await expect(admin.getByRole("status").filter({ hasText: `Trunk ${ACME.name} created.` })).toBeVisible();
  expect(await admin.content()).not.toContain(ACME.password);

  await expect(admin.getByLabel("Password")).toHaveAttribute("placeholder", "(unchanged)");
  await admin.getByLabel("Number format").selectOption("digits");
  await out.prefers("G.722, PCMA");
  await out.save();
  await expect(admin.getByRole("status").filter({ hasText: "Saved." })).toBeVisible();
  await expect(admin.getByLabel("Codecs")).toHaveValue("G722,PCMA");
  await expect(out.preview).toContainText("INVITE sip:493023125012@203.0.113.9");

  await admin.goto(`/channels/phone/agents/${agent}`);
  await admin.getByLabel("Outbound trunk").selectOption({ label: `${ACME.name} (Unknown)` });
  await admin.getByRole("button", { name: "Save trunk" }).click();
  await expect(walk.part("Telephony & Routing")).toContainText(
    `From +1 415 555 0100 through ${ACME.name}. Your carrier may charge for it.`,
  );
  await admin.getByLabel("Number to call").fill("+33123456789");
  await admin.getByRole("button", { name: "Call now" }).click();
  await expect(main).toContainText("The trunk may not call France.");

  await admin.goto("/settings/sip");
  const row = walk.part("Outbound trunks").getByRole("row", { name: ACME.name });
  await expect(row).toContainText("Front desk");
  await row.getByRole("link", { name: ACME.name }).click();
  const refused = await out.askToDelete();
  await expect(refused).toContainText(`${ACME.name} can't be deleted`);
  await expect(refused).toContainText("Used by Front desk. Give them another trunk first.");
  await refused.getByRole("link", { name: "Open Front desk" }).click();
  await admin.getByLabel("Outbound trunk").selectOption("");
  await admin.getByRole("button", { name: "Save trunk" }).click();
  await admin.goto("/settings/sip");
  await admin.getByRole("link", { name: ACME.name }).click();
  await (await out.askToDelete()).getByRole("button", { name: "Delete trunk" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "The outbound trunk is deleted." })).toBeVisible();
});

test("the inbound trunk says which codecs are taken, and in which order @both", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  await admin.goto("/settings/sip");
  const advanced = walk.part("Advanced");
  const codecs = advanced.getByLabel("Codecs");
  await expect(codecs.getByRole("option", { selected: true })).toHaveText("As usual: all, the other side chooses");
  await codecs.focus();
  await codecs.selectOption({ label: "PCMA, PCMU" });
  await codecs.press("Tab");
  await advanced.getByRole("button", { name: "Save changes" }).press("Enter");
  await expect(admin.getByRole("status").filter({ hasText: "Saved." })).toBeVisible();
  await expect(codecs).toHaveValue("PCMA,PCMU");
});

test("a destination is made, given to an agent with a key, and taken back @both", async ({ admin }) => {
  const walk = new Console(admin);
  const out = new Outbound(admin);
  const agent = await walk.createAgent({ name: "Front desk" });
  await out.createDestination("Sales", "0100");
  await expect(admin.getByRole("main")).toContainText("There is 1 problem");
  await admin.getByLabel("Phone number or SIP URI").fill("+14155550177");
  await admin.getByRole("button", { name: "Create destination" }).click();
  await expect(admin.getByRole("heading", { level: 1, name: "Sales" })).toBeVisible();

  await admin.goto(`/channels/phone/agents/${agent}`);
  const transfers = walk.part("Transfers");
  await transfers.getByLabel("Existing destination").selectOption("Sales");
  await transfers.getByRole("textbox", { name: /^Key/ }).fill("1");
  await transfers.getByRole("button", { name: "Assign" }).click();
  await expect(transfers.getByRole("row", { name: "Sales" })).toContainText("+1 415 555 0177");

  await transfers.getByRole("link", { name: "Add a new destination" }).click();
  await admin.getByLabel("Name", { exact: true }).fill("Goodbye");
  await admin.getByRole("group", { name: "Type" }).getByLabel("Hang up").check();
  await admin.getByRole("textbox", { name: /^Key/ }).fill("1");
  await admin.getByRole("button", { name: "Create destination" }).click();
  await expect(admin.getByRole("main")).toContainText("Key 1 chooses Sales already.");
  await admin.getByRole("textbox", { name: /^Key/ }).fill("2");
  await admin.getByRole("button", { name: "Create destination" }).click();
  await expect(transfers.getByRole("row", { name: "Goodbye" })).toBeVisible();

  await transfers.getByRole("link", { name: "Sales" }).click();
  await admin.getByRole("link", { name: "Delete destination" }).click();
  await expect(admin.locator("#question")).toContainText("Used by Front desk. Take it from them first.");
  await admin.goto(`/channels/phone/agents/${agent}`);
  await transfers.getByRole("button", { name: "Remove Sales" }).click();
  await expect(transfers.getByRole("row", { name: "Sales" })).toHaveCount(0);
});

test("axe finds nothing serious on the ways out, at each width in both themes", async ({ admin }) => {
  test.setTimeout(120_000);
  const walk = new Console(admin);
  const out = new Outbound(admin);
  const agent = await walk.createAgent({ name: "Front desk" });
  await out.openNew();
  await out.fill(ACME);
  await out.create();
  await expect(admin.getByRole("heading", { level: 1, name: ACME.name })).toBeVisible();
  const trunk = new URL(admin.url()).pathname;
  await out.createDestination("Sales", "+14155550177");
  await expect(admin.getByRole("heading", { level: 1, name: "Sales" })).toBeVisible();
  const destination = new URL(admin.url()).pathname;
  const pages = [
    ["sip", "/settings/sip"],
    ["new-trunk", "/settings/sip/outbound/new"],
    ["trunk", trunk],
    ["destinations", "/channels/phone/destinations"],
    ["destination", destination],
    ["agent", `/channels/phone/agents/${agent}`],
  ];
  for (const [name, path] of pages) {
    await admin.goto(path!);
    await suitsEverybody(admin, name);
  }
});
