/**
 * Each page in both themes and sizes, as pictures beside this file. `playwright test looks --update-snapshots` takes
 * them anew, and a reviewer looks at what changed.
 */
import { looksAsBefore, onlyWithReferenceFonts } from "../pages/looks";
import { Console } from "../pages/console";
import { Outbound } from "../pages/outbound";
import { clearFolders } from "../peers/place";
import { dialWithSipp } from "../peers/sipp";
import { expect, test } from "../fixtures/server";

const FRONT = "+14155550100";
// How full the disk of this machine is does not belong in a picture.
test.use({ settings: { PATCHBAY_SIP__EXTERNAL_HOST: "sip.example.com", PATCHBAY_MEDIA__LOW_DISK_MB: "0" } });
test.afterAll(clearFolders);

test("the doors look as they did", async ({ page, server }) => {
  await page.goto(await server.setupLink());
  await onlyWithReferenceFonts(page);
  await looksAsBefore(page, "set-up");
  await page.goto("/sign-in");
  await looksAsBefore(page, "sign-in");
});

test("pages without anything on them look as they did", async ({ admin }) => {
  await onlyWithReferenceFonts(admin);
  const pages = { overview: "/", inbox: "/inbox", agents: "/channels/phone/agents", sip: "/settings/sip", "not-found": "/nope" };
  for (const [name, path] of Object.entries(pages)) {
    await admin.goto(path);
    await looksAsBefore(admin, `${name}-empty`);
  }
});

test("each page looks as it did", async ({ admin, server }) => {
  test.setTimeout(150_000);
  await onlyWithReferenceFonts(admin);
  const walk = new Console(admin);
  const out = new Outbound(admin);
  await walk.createTrunk();
  const line = { ...(await walk.threeValues()), endpoint: server.sip };
  await walk.addNumbers(FRONT, "+41446681800");
  const agent = await walk.createAgent({ name: "Front desk", firstMessage: "Hello, how can I help?", record: true });
  await walk.assign(agent, FRONT);
  await out.openNew();
  await out.fill({ name: "Acme Frankfurt", host: "127.0.9.9", callerNumber: FRONT, username: "acme-77", password: "not shown" });
  await out.create();
  await expect(admin.getByRole("heading", { level: 1, name: "Acme Frankfurt" })).toBeVisible();
  const trunk = new URL(admin.url()).pathname;
  await out.createDestination("Sales", "+14155550177");
  await expect(admin.getByRole("heading", { level: 1, name: "Sales" })).toBeVisible();
  const destination = new URL(admin.url()).pathname;
  expect((await dialWithSipp({ line, number: FRONT, holdMs: 1_500 })).status).toBe(200);
  expect((await dialWithSipp({ line, number: "+14155559999" })).status).toBe(404);
  await walk.openNewest();
  const answered = new URL(admin.url()).pathname;
  await walk.openNewest("refused");
  const refused = new URL(admin.url()).pathname;

  const pages: [name: string, path: string][] = [
    ["overview", "/"],
    ["inbox", "/inbox"],
    ["inbox-refused", "/inbox?view=refused"],
    ["call", answered],
    ["call-refused", refused],
    ["agents", "/channels/phone/agents"],
    ["new-agent", "/channels/phone/agents/new"],
    ["agent", `/channels/phone/agents/${agent}`],
    ["numbers", "/channels/phone/numbers"],
    ["destinations", "/channels/phone/destinations"],
    ["destination", destination],
    ["sip", "/settings/sip"],
    ["new-trunk", "/settings/sip/outbound/new"],
    ["trunk", trunk],
    ["access", "/settings/access"],
    ["webhooks", "/settings/webhooks"],
    ["system", "/settings/system"],
    ["audit", "/settings/audit"],
    ["troubleshooting", "/troubleshooting"],
    ["search", "/search?q=front"],
    ["account", "/account"],
  ];
  for (const [name, path] of pages) {
    await admin.goto(path);
    await looksAsBefore(admin, name);
  }
});
