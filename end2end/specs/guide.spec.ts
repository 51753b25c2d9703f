/**
 * The guide, whole: trunk, three values, number, agent, a call from real equipment, its row, its transcript, its
 * recording. With and without JavaScript.
 */
import { Console } from "../pages/console";
import { BARESIP_TONE, callWithBaresip } from "../peers/baresip";
import { callWithPjsip } from "../peers/pjsua";
import { clearFolders } from "../peers/place";
import { dialWithSipp } from "../peers/sipp";
import { parseWav, toneSeconds, measure } from "../peers/sound";
import { expect, test } from "../fixtures/server";

const FRONT = "+14155550100";
const SALES = "+41446681800";

test.afterAll(clearFolders);

test.describe("with equipment that knows MD5 alone", () => {
  // The stack under baresip 1.0 gives up at any offer that holds SHA-256, be it the second.
  test.use({ settings: { PATCHBAY_SIP__DIGEST: "MD5" } });

  test("a carrier's call reaches the agent you assigned it to @both", async ({ admin, javaScriptEnabled, request }) => {
    test.setTimeout(150_000);
    const walk = new Console(admin);
    await walk.createTrunk();
    const line = await walk.threeValues();
    expect(line.endpoint).toMatch(/^127\.0\.0\.1:\d+$/);
    await walk.addNumbers("+1 415 555 0100");
    const agent = await walk.createAgent({
      name: "Front desk",
      firstMessage: "Hello, how can I help?",
      record: true,
      interruptible: false,
    });
    await walk.assign(agent, FRONT);
    await expect(walk.part("Telephony & Routing").getByRole("table")).toContainText("+1 415 555 0100");

    for (const transport of ["udp", "tcp"] as const) {
      const answer = await dialWithSipp({ line: { ...line, transport }, number: FRONT, holdMs: 500 });
      expect(answer.status, `SIPp over ${transport}`).toBe(200);
    }

    await admin.goto("/inbox");
    const rows = admin.getByRole("table", { name: "Calls" }).getByRole("row");
    await expect(rows).toHaveCount(3);
    const calling = callWithBaresip({ line, number: FRONT, talkMs: 6_000, toneHertz: BARESIP_TONE });
    if (javaScriptEnabled) {
      // It arrives by itself; what is being read is not pushed.
      await expect(admin.getByText("1 new call.")).toBeVisible({ timeout: 15_000 });
      await admin.getByRole("link", { name: "Show", exact: true }).click();
      await expect(rows).toHaveCount(4);
    }
    const heard = await calling;
    expect(heard.answered).toBe(true);
    expect(heard.packetsSent).toBeGreaterThan(200);
    expect(heard.packetsReceived).toBeGreaterThan(200);
    expect(measure(heard.sound!.channels[0], heard.sound!.rate).loudSeconds, "the greeting is heard").toBeGreaterThan(0.5);

    await walk.openNewest();
    await expect(walk.part("Conversation")).toContainText("Hello, how can I help?");
    await expect(walk.part("Conversation")).toContainText("spoke");
    await expect(walk.part("Why this agent")).toContainText("Front desk: +1 415 555 0100 is assigned to it.");
    await expect(walk.part("Signalling")).toContainText("200 OK");
    await expect(walk.part("Signalling")).toContainText(`cnonce="[secret]"`);
    await expect(walk.part("Signalling")).toContainText(`response="[secret]"`);
    await expect(walk.part("Signalling")).not.toContainText(line.password);
    const link = walk.part("Conversation").getByRole("link", { name: "Download" });
    const cookies = (await admin.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    const file = await request.get(new URL((await link.getAttribute("href"))!, admin.url()).href, { headers: { cookie: cookies } });
    expect(file.status()).toBe(200);
    const recording = parseWav(await file.body());
    const [caller, agentSide] = recording.channels;
    expect(toneSeconds(caller, recording.rate, BARESIP_TONE), "the caller on the left").toBeGreaterThan(3);
    expect(measure(agentSide, recording.rate).loudSeconds, "the agent on the right").toBeGreaterThan(0.5);
    if (javaScriptEnabled) {
      await admin.getByLabel("Recording", { exact: true }).evaluate(async (player: HTMLAudioElement) => {
        player.muted = true;
        await player.play();
      });
      await expect.poll(() => admin.getByLabel("Recording", { exact: true }).evaluate((player: HTMLAudioElement) => player.currentTime)).toBeGreaterThan(0.2);
    }
  });
});

test("what the three Copy buttons take is what a carrier dials with", async ({ admin, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const walk = new Console(admin);
  await walk.createTrunk();
  const line = await walk.threeValues();
  await walk.addNumbers(FRONT);
  const agent = await walk.createAgent({ name: "Front desk" });
  await walk.assign(agent, FRONT);
  await admin.goto("/settings/sip");
  const connection = walk.part("Connection");
  const copied = async (label: string): Promise<string> => {
    await connection.getByRole("button", { name: `Copy ${label}`, exact: true }).click();
    await expect(connection.getByRole("status").filter({ hasText: `${label} copied` })).toBeVisible();
    return admin.evaluate(() => navigator.clipboard.readText());
  };
  const taken = { endpoint: await copied("SIP endpoint"), username: await copied("Username"), password: await copied("Password") };
  expect(taken).toEqual(line);
  await expect(connection.locator('[data-secret="Password"]'), "copied while hidden").toHaveText("••••••••••••••••");
  expect((await dialWithSipp({ line: taken, number: FRONT })).status).toBe(200);
});

test("PJSIP is offered both digests and keeps a session timer", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  const line = await walk.threeValues();
  await walk.addNumbers(FRONT);
  const agent = await walk.createAgent({ name: "Front desk" });
  await walk.assign(agent, FRONT);
  const heard = await callWithPjsip({ line, number: FRONT, talkMs: 3_000, sessionExpires: 1800 });
  expect(heard.answered).toBe(true);
  expect(heard.challengedWith).toEqual(["MD5", "SHA-256"]);
  expect(heard.sessionExpires).toMatch(/^1800/);
  expect(heard.packets.received).toBeGreaterThan(80);
  await walk.openNewest();
  await expect(walk.part("Why this agent")).toContainText("Credential Main");
});

test.describe("where MD5 is refused", () => {
  test.use({ settings: { PATCHBAY_SIP__DIGEST: "SHA-256" } });

  test("PJSIP signs with SHA-256, and the receipt says so", async ({ admin }) => {
    const walk = new Console(admin);
    await walk.createTrunk();
    const line = await walk.threeValues();
    await walk.addNumbers(FRONT);
    const agent = await walk.createAgent({ name: "Front desk" });
    await walk.assign(agent, FRONT);
    const heard = await callWithPjsip({ line, number: FRONT, talkMs: 1_000 });
    expect(heard).toMatchObject({ answered: true, challengedWith: ["SHA-256"], signedWith: ["SHA-256"] });
    await walk.openNewest();
    await expect(walk.part("Why this agent")).toContainText("Credential Main, SHA-256, from 127.0.");
  });
});

test("two numbers, two agents, and the header that picks the other", async ({ admin }) => {
  test.setTimeout(90_000);
  const walk = new Console(admin);
  await walk.createTrunk();
  const line = await walk.threeValues();
  await walk.addNumbers(FRONT, SALES);
  const front = await walk.createAgent({ name: "Front desk" });
  const sales = await walk.createAgent({ name: "Sales" });
  await walk.assign(front, FRONT);
  await walk.assign(sales, SALES);
  const answeredBy = async (name: string): Promise<void> => {
    await walk.openNewest("calls", `Answered by ${name}`);
    await expect(admin.getByText(new RegExp(`^Answered by ${name} `))).toBeVisible();
  };
  expect((await dialWithSipp({ line, number: FRONT })).status).toBe(200);
  await answeredBy("Front desk");
  expect((await dialWithSipp({ line, number: "0041446681800" })).status).toBe(200);
  await answeredBy("Sales");
  expect((await dialWithSipp({ line, number: FRONT, header: ["X-Agent-ID", sales] })).status).toBe(200);
  await answeredBy("Sales");
  await expect(walk.part("Why this agent")).toContainText("It names Sales, which answers.");
});

test("every refusal has its status, its row and its reason", async ({ admin }) => {
  test.setTimeout(120_000);
  const walk = new Console(admin);
  await walk.createTrunk();
  const line = await walk.threeValues();
  await walk.addNumbers(FRONT, SALES);
  const front = await walk.createAgent({ name: "Front desk" });
  await walk.assign(front, FRONT);

  const refused = async (status: number, dial: Partial<Parameters<typeof dialWithSipp>[0]>, why: string): Promise<void> => {
    const answer = await dialWithSipp({ line, number: FRONT, ...dial });
    expect(answer.status, why).toBe(status);
    await walk.openNewest("refused", why);
    await expect(admin.getByRole("main")).toContainText("Refused");
    await expect(walk.part("Why it was refused")).toContainText(why);
  };
  await refused(404, { number: "+14155559999" }, "+14155559999 is not on the trunk");
  await refused(480, { number: SALES }, "has no agent, and there is no default agent");
  await refused(488, { codecs: "18" }, "No common codec: offered G729");
  await refused(401, { line: { ...line, password: "wrong" } }, `Wrong password for ${line.username}`);

  await walk.makeDefault(front);
  expect((await dialWithSipp({ line, number: SALES })).status).toBe(200);
  await walk.openNewest("calls", "the default agent");
  await expect(walk.part("Why this agent")).toContainText("Front desk, the default agent, answers");
});
