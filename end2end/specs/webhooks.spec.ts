/** Settings → Webhooks: made with a secret that is told once, told of a call, looked after, removed by name. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { type IncomingHttpHeaders, type Server as Http, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { axeMindsNothing, suitsEverybody } from "../pages/axe";
import { Webhooks } from "../pages/webhooks";
import { expect, test } from "../fixtures/server";

test.use({ settings: { PATCHBAY_WEBHOOKS__ALLOW_PRIVATE: "true" } });

interface Told {
  headers: IncomingHttpHeaders;
  body: string;
}

/** Whoever is told; says 500 until it is well. */
class Receiver {
  readonly told: Told[] = [];
  well = true;

  private constructor(private readonly http: Http) {}

  static async open(): Promise<Receiver> {
    const http = createServer();
    const receiver = new Receiver(http);
    http.on("request", (request, answer) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        receiver.told.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        answer.writeHead(receiver.well ? 204 : 500).end();
      });
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/hook`;
  }

  close(): void {
    this.http.closeAllConnections();
    this.http.close();
  }
}

/** As the libraries for Standard Webhooks check it. */
function isSigned({ headers, body }: Told, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  return headers["webhook-signature"] === `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
}

test("a webhook is made, told of a call, changed, and removed by its name @both", async ({ admin, server }) => {
  const receiver = await Receiver.open();
  const hooks = new Webhooks(admin);
  await hooks.open();
  await expect(admin.getByRole("main")).toContainText("No webhooks yet.");
  await hooks.create("ftp://example.com", []);
  const main = admin.getByRole("main");
  await expect(main.getByRole("alert").first()).toContainText("There are 2 problems");
  await expect(admin.getByRole("group", { name: "Events" })).toContainText("Enter a value.");

  const secret = await hooks.create(receiver.url, ["call.started", "call.ended"]);
  expect(secret).toMatch(/^whsec_/);
  await hooks.open();
  await expect(main).not.toContainText(secret);
  await expect(hooks.table).toContainText("call.started, call.ended");

  const key = server.key();
  const ask = async (path: string, body: unknown, method = "POST"): Promise<Record<string, string>> => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const answer = await fetch(`${server.url}/api/phone${path}`, { method, headers, body: JSON.stringify(body) });
    expect(answer.ok, await answer.clone().text()).toBe(true);
    return (await answer.json()) as Record<string, string>;
  };
  await ask("/sip/inbound-trunk", { phone_numbers: ["+14155550100"] });
  const agent = await ask("", { name: "Front desk", is_default: true });
  receiver.well = false;
  const call = await ask("/outbound-call", { phone_agent_id: agent.id, to: "+14155550100" });
  await expect.poll(() => receiver.told.length).toBeGreaterThan(0);
  expect(isSigned(receiver.told[0]!, secret)).toBe(true);
  await ask(`/calls/${call.id}/hangup`, {});

  await hooks.openOnly();
  await expect(hooks.deliveries).toContainText("call.started");
  await expect(hooks.deliveries).toContainText("500");
  receiver.well = true;
  await hooks.deliveries.getByRole("button", { name: "Send again call.started" }).first().click();
  await expect(admin.getByRole("status").filter({ hasText: "The event is sent again." })).toBeVisible();
  await expect(async () => {
    await hooks.show("Delivered");
    await expect(hooks.deliveries).toContainText("204", { timeout: 1_000 });
  }).toPass();
  await hooks.show("Given up");
  await expect(main).toContainText("No event stands like that.");

  await admin.getByRole("group", { name: "Events" }).getByLabel("call.started").uncheck();
  await admin.getByRole("group", { name: "Send events" }).getByLabel("Off").check();
  await admin.getByRole("button", { name: "Save changes" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "Saved." })).toBeVisible();
  await expect(admin.getByRole("group", { name: "Events" }).getByLabel("call.started")).not.toBeChecked();
  await expect(admin.getByRole("group", { name: "Events" }).getByLabel("call.ended")).toBeChecked();
  const renewed = await hooks.renew();
  expect(renewed).toMatch(/^whsec_/);
  expect(renewed).not.toBe(secret);

  await hooks.openOnly();
  await admin.getByRole("link", { name: "Remove webhook" }).click();
  const question = admin.getByRole("region", { name: "Remove the webhook to 127.0.0.1?" });
  await question.getByRole("button", { name: "Remove webhook" }).click();
  await expect(question).toContainText("127.0.0.1");
  await question.getByLabel(/127\.0\.0\.1/).fill("127.0.0.1");
  await question.getByRole("button", { name: "Remove webhook" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "The webhook is removed." })).toBeVisible();
  await expect(admin.getByRole("main")).toContainText("No webhooks yet.");
  receiver.close();
});

test("only who may do everything sees them, and nothing is wrong with the pages for anybody", async ({ admin, browser, server }) => {
  const hooks = new Webhooks(admin);
  await hooks.open();
  await axeMindsNothing(admin);
  await hooks.create("http://127.0.0.1:9/hook", ["call.ended"]);
  await axeMindsNothing(admin);
  await hooks.openOnly();
  await suitsEverybody(admin, "webhook");
  server.command(["user", "add", "vi@example.com", "--role", "operator"], "another long password");
  const context = await browser.newContext({ baseURL: server.url });
  const operator = await context.newPage();
  await operator.goto("/sign-in");
  await operator.getByLabel("E-mail").fill("vi@example.com");
  await operator.getByLabel("Password").fill("another long password");
  await operator.getByRole("button", { name: "Sign in" }).click();
  const answer = await operator.goto("/settings/webhooks");
  expect(answer?.status()).toBe(403);
  await context.close();
});
