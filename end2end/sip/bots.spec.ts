/** Calls answered by voice bots that know nothing of Patchbay: what was said comes back as text, and the answer as sound. */
import { join } from "node:path";
import { callWithBaresip } from "../peers/baresip";
import { hasPipecat, startBot, writeSpeech } from "../peers/bots";
import { type Line, clearFolders, ownFolder } from "../peers/place";
import { measure, parseWav, toneSeconds } from "../peers/sound";
import { type Server, expect, freePort, test } from "../fixtures/server";

const NUMBER = "+14155550100";

test.use({ settings: { PATCHBAY_ENGINES__ALLOW_PRIVATE: "true", PATCHBAY_SIP__DIGEST: "MD5" } });
test.afterAll(clearFolders);

/** One agent with this bot behind it, recorded, and the line of a carrier to it. */
async function furnish(server: Server, port: number): Promise<{ line: Line; ask: (path: string) => Promise<Response> }> {
  const headers = { authorization: `Bearer ${server.key()}`, "content-type": "application/json" };
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${server.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    expect(answer.status, await answer.clone().text()).toBe(200);
    return (await answer.json()) as Record<string, string>;
  };
  const engine = { type: "stream", url: `ws://127.0.0.1:${port}/` };
  await post("/api/phone", { name: "Bot", recording_enabled: true, is_default: true, engine });
  const trunk = await post("/api/phone/sip/inbound-trunk", { phone_numbers: [NUMBER] });
  return {
    line: { endpoint: server.sip, username: trunk.auth_username, password: trunk.auth_password },
    ask: (path) => fetch(`${server.url}${path}`, { headers }),
  };
}

interface Call {
  id: string;
  reason: string;
  transcript: { speaker: string; text: string; start_ms: number; end_ms: number }[];
}

async function onlyCall(ask: (path: string) => Promise<Response>): Promise<Call> {
  const page = (await (await ask("/api/phone/calls")).json()) as { items: Call[] };
  expect(page.items).toHaveLength(1);
  return (await (await ask(`/api/phone/calls/${page.items[0].id}`)).json()) as Call;
}

test("a spoken sentence comes back in the transcript, and the bot's answer in the recording", async ({ server }) => {
  test.setTimeout(120_000);
  const port = await freePort();
  const bot = await startBot("listener", port);
  try {
    const { line, ask } = await furnish(server, port);
    const order = "book a table for four people tomorrow";
    const says = join(ownFolder("says"), "order.wav");
    writeSpeech(says, order, 1, 30);
    const heard = await callWithBaresip({ line, number: NUMBER, talkMs: 30_000, says });
    expect(heard, heard.output).toMatchObject({ answered: true, endedByPeer: true });

    const call = await onlyCall(ask);
    expect(call.reason).toBe("agent_hung_up");
    const [said, answer] = ["caller", "agent"].map((who) => call.transcript.find(({ speaker }) => speaker === who));
    expect(said?.text).toBe(order);
    expect(answer?.text).toBe(`You said: ${order}. Goodbye.`);
    // The words have the time of the sound: about the length of the sentence, after a second of silence.
    expect((said?.end_ms ?? 0) - (said?.start_ms ?? 0)).toBeGreaterThan(1_500);

    // The caller heard the answer, and both are in the recording: caller left, bot right.
    expect(measure(heard.sound!.channels[0], heard.sound!.rate).loudSeconds).toBeGreaterThan(2);
    const recording = await ask(`/api/phone/calls/${call.id}/recording`);
    const kept = parseWav(Buffer.from(await recording.arrayBuffer()));
    const [left, right] = kept.channels.map((channel) => measure(channel, kept.rate).loudSeconds);
    expect(left).toBeGreaterThan(1.5);
    expect(right).toBeGreaterThan(2);
    expect(toneSeconds(kept.channels[1], kept.rate, 440)).toBe(0);
  } finally {
    await bot.stop();
  }
});

test("a bot on Pipecat, with its own Twilio serializer, hears, answers, and gets keys", async ({ server }) => {
  test.skip(!hasPipecat(), "Pipecat is not installed: .ci/tools/peers pipecat");
  test.setTimeout(120_000);
  const port = await freePort();
  const bot = await startBot("pipecat_tone", port, "pipecat");
  try {
    const { line, ask } = await furnish(server, port);
    const digits = [{ digit: "5", afterMs: 5_000 }];
    const heard = await callWithBaresip({ line, number: NUMBER, talkMs: 8_000, toneHertz: 440, digits });
    expect(heard, heard.output).toMatchObject({ answered: true, endedByPeer: false });
    // A second for what it heard, half a second for the key.
    expect(toneSeconds(heard.sound!.channels[0], heard.sound!.rate, 880)).toBeGreaterThan(1.2);
    await bot.says(/provider twilio \+14155550100/, 5_000);
    await bot.says(/heard the caller/, 5_000);
    await bot.says(/key 5/, 5_000);
    await bot.says(/stopped/, 5_000);
    const call = await onlyCall(ask);
    expect(call.reason).toBe("caller_hung_up");
    const events = (await (await ask(`/api/phone/calls/${call.id}/events`)).json()) as { items: { type: string }[] };
    const troubles = events.items.map(({ type }) => type).filter((type) => /engine_(nonsense|lost|slow|overflow)/.test(type));
    expect(troubles).toEqual([]);
  } finally {
    await bot.stop();
  }
});
