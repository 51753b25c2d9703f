"""A bot on Pipecat, with its own Twilio serializer and nothing written for Patchbay: once it has heard enough of the
caller it answers with a tone of 880 Hz, and again at each key.

    pipecat_tone.py PORT
"""

import math
import sys

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame, InputDTMFFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

RATE = 8_000
ENOUGH = RATE  # A second of the caller.

app = FastAPI()


def tone(hertz: int, seconds: float) -> bytes:
    count = int(seconds * RATE)
    samples = (int(math.sin(2 * math.pi * hertz * n / RATE) * 9_000) for n in range(count))
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)


class Answer(FrameProcessor):
    def __init__(self) -> None:
        super().__init__()
        self.heard = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            loud = any(abs(int.from_bytes(frame.audio[at : at + 2], "little", signed=True)) > 3_000
                       for at in range(0, len(frame.audio), 2))
            before = self.heard
            self.heard += len(frame.audio) // 2 if loud else 0
            if before < ENOUGH <= self.heard:
                print("heard the caller", flush=True)
                await self.speak(1.0)
        elif isinstance(frame, InputDTMFFrame):
            print("key", frame.button.value, flush=True)
            await self.speak(0.5)
        else:
            await self.push_frame(frame, direction)

    async def speak(self, seconds: float) -> None:
        sound = OutputAudioRawFrame(audio=tone(880, seconds), sample_rate=RATE, num_channels=1)
        await self.push_frame(sound)


@app.websocket("/")
async def answer(socket: WebSocket) -> None:
    await socket.accept()
    kind, call = await parse_telephony_websocket(socket)
    print("provider", kind, call["body"].get("to"), flush=True)
    serializer = TwilioFrameSerializer(
        stream_sid=call["stream_id"],
        call_sid=call["call_id"],
        params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
    )
    params = FastAPIWebsocketParams(
        audio_in_enabled=True, audio_out_enabled=True, add_wav_header=False, serializer=serializer
    )
    transport = FastAPIWebsocketTransport(websocket=socket, params=params)
    pipeline = Pipeline([transport.input(), Answer(), transport.output()])
    rates = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
    task = PipelineTask(pipeline, params=rates)

    @transport.event_handler("on_client_disconnected")
    async def gone(*_: object) -> None:
        print("stopped", flush=True)
        await task.cancel()

    await PipelineRunner(handle_sigint=False).run(task)


if __name__ == "__main__":
    logger.remove()
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
