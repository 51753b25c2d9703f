/**
 * The drivers against each other, without Patchbay: a test that trusts a peer's numbers
 * must first know that the peer counts right.
 */
import { expect, test } from "@playwright/test";
import { BARESIP_TONE, callWithBaresip } from "./baresip";
import { startKamailio } from "./kamailio";
import { clearFolders, ownAddress, ownFolder } from "./place";
import { callWithPjsip } from "./pjsua";
import { type Running, pause, start } from "./process";
import { dialWithSipp } from "./sipp";
import { type Sound, measure, toneSeconds } from "./sound";

test.afterAll(clearFolders);

test.describe("SIPp against Kamailio", () => {
  for (const transport of ["udp", "tcp"] as const) {
    test(`signs in and is answered over ${transport}, and tells a refusal`, async () => {
      const far = await startKamailio("MD5", 20_000);
      try {
        const line = { ...far.line, transport };
        const answer = await dialWithSipp({ line, number: "14155550100", holdMs: 100 });
        expect(answer.statuses, answer.output).toEqual([401, 200]);
        const refused = await dialWithSipp({ line: { ...line, password: "wrong" }, number: "14155550100" });
        expect(refused.statuses, refused.output).toEqual([401, 401]);
      } finally {
        await far.run.stop();
      }
    });
  }
});

test("PJSIP signs in to Kamailio with SHA-256 only", async () => {
  const far = await startKamailio("SHA-256", 20_000);
  try {
    const answered = await callWithPjsip({ line: far.line, number: "14155550100", talkMs: 500 });
    expect(answered).toMatchObject({ answered: true, statuses: [401, 200], signedWith: ["SHA-256"] });
    const refused = await callWithPjsip({ line: { ...far.line, password: "wrong" }, number: "14155550100", talkMs: 500 });
    expect(refused).toMatchObject({ answered: false, statuses: [401, 401] });
  } finally {
    await far.run.stop();
  }
});

test.describe("an echo", () => {
  let echo: Running;
  let endpoint: string;

  test.beforeEach(async () => {
    const address = ownAddress();
    endpoint = `${address}:5060`;
    echo = start("sipp", ["-sn", "uas", "-i", address, "-rtp_echo", "-timeout", "30s", "-nostdin"], {
      cwd: ownFolder("echo"),
      limitMs: 35_000,
    });
    await pause(500);
  });
  test.afterEach(() => echo.stop());

  test("gives baresip its own tone back, every packet counted", async () => {
    const line = { endpoint, username: "nobody", password: "x" };
    const heard = await callWithBaresip({ line, number: "echo", talkMs: 3_000, toneHertz: BARESIP_TONE });
    expect(heard).toMatchObject({ answered: true, endedByPeer: false });
    expect(heard.packetsSent).toBeGreaterThan(140);
    expect(heard.packetsReceived).toBeGreaterThan(heard.packetsSent - 5);
    expectTone(heard.sound, BARESIP_TONE, 2.5);
  });

  test("gives PJSIP its own tone back, every packet counted", async () => {
    const line = { endpoint, username: "nobody", password: "x" };
    const heard = await callWithPjsip({ line, number: "echo", talkMs: 3_000, toneHertz: 500 });
    expect(heard).toMatchObject({ answered: true, hungUpHere: true });
    expect(heard.packets.sent).toBeGreaterThan(140);
    expect(heard.packets.received).toBeGreaterThan(heard.packets.sent - 10);
    expectTone(heard.sound, 500, 2.2);
  });
});

function expectTone(sound: Sound | undefined, hertz: number, atLeastSeconds: number): void {
  if (!sound) throw new Error("nothing was recorded");
  const [channel] = sound.channels;
  expect(measure(channel, sound.rate).loudSeconds).toBeGreaterThan(atLeastSeconds);
  expect(toneSeconds(channel, sound.rate, hertz)).toBeGreaterThan(atLeastSeconds);
  expect(toneSeconds(channel, sound.rate, hertz * 1.5)).toBe(0);
}
