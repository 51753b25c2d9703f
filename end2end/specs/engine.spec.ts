/** What speaks for an agent: chosen on its page, its token never shown, who takes over when it is away. */
import { suitsEverybody } from "../pages/axe";
import { Console } from "../pages/console";
import { expect, test } from "../fixtures/server";

test("a voice bot's address is judged as it is saved @both", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createAgent({ name: "Front desk" });
  const engine = walk.part("Engine");
  await expect(engine.getByLabel("Built-in")).toBeChecked();
  await expect(engine.getByLabel("Address")).toBeHidden();
  await engine.getByLabel("Voice bot (WebSocket)").check();
  await expect(engine.getByLabel(/^Model/)).toBeHidden();
  await engine.getByLabel("Address").fill("wss://127.0.0.1:9/media");
  await engine.getByLabel("Bearer token").check();
  await engine.getByLabel(/^Token or API key/).fill("s3cret-Tok3n");
  await engine.getByRole("button", { name: "Save engine" }).click();
  await expect(engine.getByRole("alert")).toContainText("engines.allow_private");
  await expect(engine.getByLabel("Address")).toHaveValue("wss://127.0.0.1:9/media");
  await expect(engine.getByLabel(/^Token or API key/)).toHaveValue("");
});

test.describe("where engines may be anywhere", () => {
  test.use({ settings: { PATCHBAY_ENGINES__ALLOW_PRIVATE: "true" } });

  test("an engine is chosen, changed, and its token never shown @both", async ({ admin, server }) => {
    const walk = new Console(admin);
    const id = await walk.createAgent({ name: "Front desk" });
    const engine = walk.part("Engine");
    await engine.getByLabel("Voice bot (WebSocket)").check();
    await engine.getByLabel("Address").fill("ws://127.0.0.1:9/media");
    await engine.getByLabel("Bearer token").check();
    await engine.getByLabel(/^Token or API key/).fill("s3cret-Tok3n");
    await engine.getByRole("button", { name: "Save engine" }).click();
    await expect(admin.getByRole("status").filter({ hasText: "Engine saved" })).toBeVisible();
    await expect(engine.getByLabel("Voice bot (WebSocket)")).toBeChecked();
    await expect(engine.getByLabel("Bearer token")).toBeChecked();
    await expect(engine.getByLabel(/^Token or API key/)).toHaveAttribute("placeholder", "unchanged");
    expect(await admin.content()).not.toContain("s3cret");

    await engine.getByLabel("Realtime model").check();
    await engine.getByLabel("Address").fill("");
    await engine.getByLabel(/^Voice \(/).fill("cedar");
    await engine.getByRole("button", { name: "Save engine" }).click();
    // Whether the model can be had is known when a call rings; here nobody is asked.
    await expect(admin.getByRole("status").filter({ hasText: "Engine saved" })).toBeVisible();
    const headers = { authorization: `Bearer ${server.key()}` };
    const agent = (await (await fetch(`${server.url}/api/phone/${id}`, { headers })).json()) as { engine: unknown };
    expect(agent.engine).toEqual({
      type: "realtime", url: "wss://api.openai.com/v1/realtime", model: "gpt-realtime", voice: "cedar", has_key: false,
    });

    await engine.getByLabel("Built-in").check();
    await engine.getByRole("button", { name: "Save engine" }).click();
    await expect(engine.getByLabel("Built-in")).toBeChecked();
  });

  test("a telephone needs its URI, and both parts of a login or neither @both", async ({ admin, server }) => {
    const walk = new Console(admin);
    const id = await walk.createAgent({ name: "Front desk" });
    const engine = walk.part("Engine");
    await engine.getByLabel("Telephone (SIP URI)").check();
    await expect(engine.getByLabel("Address")).toBeHidden();
    await engine.getByLabel("SIP URI", { exact: true }).fill("bot@pbx");
    await engine.getByRole("button", { name: "Save engine" }).click();
    await expect(engine.getByRole("alert")).toContainText("sip:sales@pbx.example.com");
    await engine.getByLabel("SIP URI", { exact: true }).fill("sip:bot@192.0.2.7");
    await engine.getByLabel(/^Username/).fill("patch");
    await engine.getByLabel(/^Password/).fill("s3cret-Passw0rd");
    await engine.getByRole("button", { name: "Save engine" }).click();
    await expect(admin.getByRole("status").filter({ hasText: "Engine saved" })).toBeVisible();
    await expect(engine.getByLabel(/^Password/)).toHaveAttribute("placeholder", "unchanged");
    expect(await admin.content()).not.toContain("s3cret");
    const headers = { authorization: `Bearer ${server.key()}` };
    const agent = (await (await fetch(`${server.url}/api/phone/${id}`, { headers })).json()) as { engine: unknown };
    expect(agent.engine).toEqual({ type: "sip", uri: "sip:bot@192.0.2.7", username: "patch" });
  });

  test("axe finds nothing serious, and nothing scrolls sideways", async ({ admin }) => {
    const walk = new Console(admin);
    const id = await walk.createAgent({ name: "Front desk" });
    for (const kind of ["Voice bot (WebSocket)", "Realtime model", "Telephone (SIP URI)"]) {
      await admin.goto(`/channels/phone/agents/${id}`);
      await walk.part("Engine").getByLabel(kind).check();
      await suitsEverybody(admin, kind);
    }
  });
});
