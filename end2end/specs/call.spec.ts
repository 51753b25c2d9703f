/** The page of a call, answered and refused, and the Inbox that holds both: what axe finds and how it reads aloud. */
import { suitsEverybody } from "../pages/axe";
import { Console } from "../pages/console";
import { clearFolders } from "../peers/place";
import { dialWithSipp } from "../peers/sipp";
import { expect, test } from "../fixtures/server";

const FRONT = "+14155550100";
test.afterAll(clearFolders);

test("axe finds nothing serious on calls, at each width in both themes", async ({ admin }) => {
  test.setTimeout(120_000);
  const walk = new Console(admin);
  await walk.createTrunk();
  const line = await walk.threeValues();
  await walk.addNumbers(FRONT);
  const agent = await walk.createAgent({ name: "Front desk", record: true });
  await walk.assign(agent, FRONT);
  expect((await dialWithSipp({ line, number: FRONT, holdMs: 2_000 })).status).toBe(200);
  expect((await dialWithSipp({ line, number: "+14155559999" })).status).toBe(404);

  await walk.openNewest();
  const answered = new URL(admin.url()).pathname;
  await walk.openNewest("refused");
  const refused = new URL(admin.url()).pathname;
  for (const [name, path] of [["inbox", "/inbox"], ["inbox-refused", "/inbox?view=refused"], ["call", answered], ["call-refused", refused]] as const) {
    await admin.goto(path);
    await suitsEverybody(admin, name);
  }
});

test("a refused call puts its reason first and offers no conversation @both", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  const line = await walk.threeValues();
  await walk.addNumbers(FRONT);
  expect((await dialWithSipp({ line, number: "+14155559999", caller: `"><script>x` })).status).toBeGreaterThanOrEqual(400);
  expect((await dialWithSipp({ line, number: "+14155559999" })).status).toBe(404);
  await walk.openNewest("refused");
  await expect(walk.part("Why it was refused")).toContainText("+14155559999 is not on the trunk");
  await expect(walk.part("Conversation")).toHaveCount(0);
  const signalling = walk.part("Signalling");
  await expect(signalling).toContainText("404");
  await expect(signalling).toContainText(`response="[secret]"`);
  await expect(signalling).not.toContainText(line.password);

  await signalling.locator("summary").first().click();
  await expect(signalling.locator("pre").first()).toContainText("Via: SIP/2.0");
  const cutOff = (frame: Element) => frame.scrollWidth - frame.clientWidth;
  expect(await signalling.locator(".table-frame").evaluate(cutOff), "all of it can be read").toBe(0);
});

test("the slider, the lines and the drawing follow the recording, and the carrier gets its files", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  const line = await walk.threeValues();
  await walk.addNumbers(FRONT);
  const agent = await walk.createAgent({ name: "Front desk", record: true });
  await walk.assign(agent, FRONT);
  expect((await dialWithSipp({ line, number: FRONT, holdMs: 2_500 })).status).toBe(200);
  await walk.openNewest();
  const slider = admin.getByRole("slider", { name: "Position in the recording" });
  await expect(slider).toHaveAttribute("aria-valuetext", /^0:00 \/ 0:0\d$/);
  await slider.focus();
  await admin.keyboard.press("ArrowRight");
  await expect(slider).not.toHaveValue("0");
  await admin.keyboard.press("ArrowLeft");
  await expect(slider).toHaveValue("0");

  const at = new URL(admin.url()).pathname;
  const report = await admin.request.get(`${at}/report.txt`);
  expect(report.headers()["content-disposition"]).toContain(".txt");
  const text = await report.text();
  expect(text).toContain("INVITE sip:");
  expect(text).toContain("Front desk");
  expect(text).not.toContain(line.password);
  const capture = await admin.request.get(`${at}/signalling.pcap`);
  const bytes = await capture.body();
  expect(bytes.subarray(0, 4).toString("hex")).toBe("d4c3b2a1");
  expect(bytes.includes(line.password)).toBe(false);
  const csv = await admin.request.get("/inbox/export.csv?view=calls");
  expect(await csv.text()).toContain(`,${FRONT},`);
  const stranger = await fetch(new URL(`${at}/report.txt`, admin.url()));
  expect(stranger.status).toBe(401);
});
