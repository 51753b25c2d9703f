/**
 * baresip as a desk phone: real RTP both ways, counted, and what it heard as sound.
 * Steered over its control port (netstrings of JSON). Each call is a process with a config folder of its own.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { join } from "node:path";
import { type Running, pause, start } from "./process";
import { type Line, ownAddress, ownFolder } from "./place";
import { type Sound, readWav, writeSilence, writeTone } from "./sound";

export interface PhoneCall {
  line: Line;
  number: string;
  /** How long it stays on the line after the answer, unless the other side ends the call. */
  talkMs: number;
  /** Speaks this tone all along; silent without. */
  toneHertz?: number;
  /** Says what this WAV file holds instead. */
  says?: string;
  /** Digits pressed (RFC 4733), each so long after the answer. */
  digits?: { digit: string; afterMs: number }[];
}

export interface Heard {
  answered: boolean;
  /** Why it ended, in baresip's words: "404 Not Found", "Connection reset by user". */
  ended: string;
  endedByPeer: boolean;
  packetsSent: number;
  packetsReceived: number;
  /** What came out of its loudspeaker, absent when nothing did. */
  sound?: Sound;
  output: string;
}

interface Event {
  type?: string;
  param?: string;
}

/** What the phone says into its microphone unless told otherwise. */
export const BARESIP_TONE = 440;

/** A phone that takes calls to its user by itself, and speaks its tone all along. */
export class DeskPhone {
  private constructor(
    /** `host:port` where it is called. */
    readonly at: string,
    private readonly run: Running,
    private readonly control: Control,
    private readonly folder: string,
  ) {}

  /** At an address of its own, or where another one was. */
  static async start(user: string, toneHertz: number, limitMs: number, address = ownAddress()): Promise<DeskPhone> {
    const folder = ownFolder("desk");
    const line = { endpoint: "", username: user, password: "none" };
    writeFolder(folder, address, { line, number: "", talkMs: limitMs, toneHertz }, ["answermode=auto"]);
    const run = start("baresip", ["-f", folder], { cwd: folder, limitMs });
    await run.says(/baresip is ready/, 10_000);
    return new DeskPhone(`${address}:5060`, run, await Control.open(address), folder);
  }

  get host(): string {
    return this.at.split(":")[0]!;
  }

  async answers(): Promise<void> {
    if (!(await this.control.waits(["CALL_ESTABLISHED"], 20_000))) throw new Error(`nobody called:\n${this.run.output()}`);
  }

  hangUp(): void {
    this.control.send("hangup");
  }

  /** Leaves in good order, so that what it heard is whole. */
  async stop(): Promise<Sound | undefined> {
    this.control.send("quit");
    this.control.close();
    await Promise.race([this.run.finished, pause(3_000)]);
    await this.run.stop();
    return recorded(this.folder);
  }
}

export async function callWithBaresip(call: PhoneCall): Promise<Heard> {
  const folder = ownFolder("baresip");
  const address = ownAddress();
  writeFolder(folder, address, call);
  const run = start("baresip", ["-f", folder], { cwd: folder, limitMs: call.talkMs + 30_000 });
  try {
    await run.says(/baresip is ready/, 10_000);
    return await drive(run, address, folder, call);
  } finally {
    await run.stop();
  }
}

async function drive(run: Running, address: string, folder: string, call: PhoneCall): Promise<Heard> {
  const control = await Control.open(address);
  try {
    // The account's transport is added by baresip itself.
    control.send("dial", `sip:${call.number}@${call.line.endpoint}`);
    const first = await control.waits(["CALL_ESTABLISHED", "CALL_CLOSED"], 20_000);
    const answered = first?.type === "CALL_ESTABLISHED";
    const closed = answered ? await talk(control, call) : first;
    if (!closed) {
      control.send("hangup");
      await control.waits(["CALL_CLOSED"], 5_000);
    }
    if (answered) await run.says(/packets:\s+\d+\s+\d+/, 5_000);
    control.send("quit");
    const { output } = await run.finished;
    const counted = /packets:\s+(\d+)\s+(\d+)/.exec(output);
    return {
      answered,
      ended: closed?.param ?? "hung up here",
      endedByPeer: answered && closed !== undefined,
      packetsSent: Number(counted?.[1] ?? 0),
      packetsReceived: Number(counted?.[2] ?? 0),
      sound: recorded(folder),
      output,
    };
  } finally {
    control.close();
  }
}

/** Stays on the line; gives the event that ended it early, if one did. */
async function talk(control: Control, call: PhoneCall): Promise<Event | undefined> {
  const answeredAt = Date.now();
  for (const { digit, afterMs } of call.digits ?? []) {
    const closed = await control.waits(["CALL_CLOSED"], answeredAt + afterMs - Date.now());
    if (closed) return closed;
    control.send("sndcode", digit);
  }
  return control.waits(["CALL_CLOSED"], answeredAt + call.talkMs - Date.now());
}

function writeFolder(folder: string, address: string, call: PhoneCall, more: string[] = []): void {
  const { line, toneHertz } = call;
  const seconds = Math.ceil(call.talkMs / 1_000) + 5;
  const says = call.says ?? join(folder, "says.wav");
  if (call.says !== undefined) {
    // The file is there already.
  } else if (toneHertz === undefined) writeSilence(says, seconds);
  else writeTone(says, toneHertz, seconds);

  const modules = ["g711.so", "aufile.so", "aubridge.so", "sndfile.so"].map((name) => `module ${name}`);
  const apps = ["account.so", "menu.so", "ctrl_tcp.so"].map((name) => `module_app ${name}`);
  const config = [
    "poll_method epoll",
    `sip_listen ${address}:5060`,
    `net_interface ${address}`,
    // A bridge nobody listens to stands for the loudspeaker; the sndfile filter keeps what is played.
    "audio_player aubridge,heard",
    `audio_source aufile,${says}`,
    "ausrc_srate 8000",
    "auplay_srate 8000",
    "ausrc_channels 1",
    "auplay_channels 1",
    "rtp_ports 30000-30100",
    "rtp_stats yes",
    "module_path /usr/lib/baresip/modules",
    ...modules,
    `snd_path ${folder}`,
    ...apps,
    `ctrl_tcp_listen ${address}:4444`,
  ];
  writeFileSync(join(folder, "config"), `${config.join("\n")}\n`);
  writeFileSync(join(folder, "contacts"), "");
  const account = [
    `"Desk phone" <sip:${line.username}@${address};transport=${line.transport ?? "udp"}>`,
    "regint=0",
    `auth_user=${line.username}`,
    `auth_pass=${line.password}`,
    "audio_codecs=PCMU/8000/1,PCMA/8000/1",
    ...more,
  ].join(";");
  writeFileSync(join(folder, "accounts"), `${account}\n`);
}

function recorded(folder: string): Sound | undefined {
  const name = readdirSync(folder).find((file) => file.endsWith("-dec.wav"));
  return name === undefined ? undefined : readWav(join(folder, name));
}

/** baresip's `ctrl_tcp`: commands out, events in. */
class Control {
  private readonly events: Event[] = [];
  private rest = Buffer.alloc(0);

  private constructor(private readonly socket: Socket) {
    socket.on("data", (chunk) => this.take(chunk));
    socket.on("error", () => undefined);
  }

  static async open(address: string): Promise<Control> {
    for (let tries = 0; ; tries += 1) {
      const socket = connect({ host: address, port: 4444 });
      const open = await new Promise<boolean>((resolve) => {
        socket.once("connect", () => resolve(true));
        socket.once("error", () => resolve(false));
      });
      if (open) return new Control(socket);
      if (tries > 40) throw new Error(`baresip does not listen on ${address}:4444`);
      await pause(50);
    }
  }

  send(command: string, params = ""): void {
    const text = Buffer.from(JSON.stringify({ command, params }));
    this.socket.write(Buffer.concat([Buffer.from(`${text.length}:`), text, Buffer.from(",")]));
  }

  /** The first event of these kinds, taken out of the queue; undefined when the time is up. */
  async waits(kinds: string[], withinMs: number): Promise<Event | undefined> {
    const end = Date.now() + withinMs;
    for (;;) {
      const at = this.events.findIndex((event) => kinds.includes(event.type ?? ""));
      if (at >= 0) return this.events.splice(at, 1)[0];
      if (Date.now() >= end) return undefined;
      await pause(20);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (;;) {
      const colon = this.rest.indexOf(":");
      const length = Number(this.rest.subarray(0, Math.max(colon, 0)).toString());
      if (colon < 1 || this.rest.length < colon + length + 2) return;
      const text = this.rest.subarray(colon + 1, colon + 1 + length).toString("utf8");
      this.rest = this.rest.subarray(colon + length + 2);
      this.events.push(JSON.parse(text) as Event);
    }
  }
}
