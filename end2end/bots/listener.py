"""A voice bot that really hears and speaks, for the engine `stream`: it knows nothing of Patchbay but the wire
format of Twilio Media Streams. It recognises one of a few orders (PocketSphinx, whose package brings a model),
says back what it understood (espeak-ng), tells both as transcript, and hangs up when its last word was heard.

    listener.py PORT
"""

import asyncio
import base64
import json
import sys

import websockets
from pocketsphinx import Decoder

from sound import LINEAR, as_bytes, mu_law, spoken

FRAME_MS = 20
# The caller has finished after so long a pause.
PAUSE_MS = 800
LOUD = 500

GRAMMAR = """#JSGF V1.0;
grammar orders;
public <order> = (book | cancel) a (table | room | taxi) for (two | four | seven) people (today | tomorrow);
"""


def recognise(samples: list[int]) -> str:
    """The order, or nothing. The model wants 16 kHz: every second sample lies between two."""
    double = []
    for one, other in zip(samples, samples[1:] + [0]):
        double += [one, (one + other) // 2]
    decoder = Decoder(samprate=16_000, loglevel="FATAL")
    decoder.add_jsgf_string("orders", GRAMMAR)
    decoder.activate_search("orders")
    decoder.start_utt()
    decoder.process_raw(as_bytes(double), no_search=False, full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return found.hypstr if found else ""


async def converse(socket) -> None:
    heard: list[int] = []
    quiet_ms = 0
    stream = ""
    async for text in socket:
        message = json.loads(text)
        match message["event"]:
            case "start":
                stream = message["streamSid"]
                print("start", json.dumps(message["start"]["customParameters"]), flush=True)
            case "media":
                frame = [LINEAR[code] for code in base64.b64decode(message["media"]["payload"])]
                loud = max(map(abs, frame), default=0) > LOUD
                if loud or heard:
                    heard += frame
                quiet_ms = 0 if loud else quiet_ms + FRAME_MS
                if heard and quiet_ms >= PAUSE_MS:
                    order = await asyncio.to_thread(recognise, heard)
                    heard = []
                    print("heard", order, flush=True)
                    if order:
                        await answer(socket, stream, order)
            case "mark":
                # Everything before it was heard: that was all.
                print("said", message["mark"]["name"], flush=True)
                return
            case "stop":
                return


async def answer(socket, stream: str, order: str) -> None:
    reply = f"You said: {order}. Goodbye."
    sound = bytes(map(mu_law, await asyncio.to_thread(spoken, reply)))
    for speaker, text in (("caller", order), ("agent", reply)):
        line = {"speaker": speaker, "text": text}
        await socket.send(json.dumps({"event": "transcript", "streamSid": stream, "transcript": line}))
    for at in range(0, len(sound), 4_000):
        payload = base64.b64encode(sound[at : at + 4_000]).decode()
        await socket.send(json.dumps({"event": "media", "streamSid": stream, "media": {"payload": payload}}))
    await socket.send(json.dumps({"event": "mark", "streamSid": stream, "mark": {"name": "reply"}}))


async def main() -> None:
    async with websockets.serve(converse, "127.0.0.1", int(sys.argv[1])):
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main())
