/** What happens to what one has typed: changes that are not saved, two editors, a session that ends in between, undo. */
import { Console } from "../pages/console";
import { ADMIN, expect, test } from "../fixtures/server";

const FRONT = "+14155550100";

test("changes that are not saved are counted, and leaving asks", async ({ admin }) => {
  const walk = new Console(admin);
  const id = await walk.createAgent({ name: "Front desk" });
  await admin.goto(`/channels/phone/agents/${id}`);
  const form = walk.part("Behaviour");
  await form.getByLabel("Name", { exact: true }).fill("Reception");
  await expect(form.getByRole("status")).toHaveText("1 unsaved change");
  await form.getByRole("group", { name: "Answers calls" }).getByLabel("Off").check();
  await expect(form.getByRole("status")).toHaveText("2 unsaved changes");
  const asked: string[] = [];
  admin.on("dialog", (dialog) => { asked.push(dialog.type()); void dialog.dismiss(); });
  await admin.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Inbox" }).click();
  await expect.poll(() => asked).toEqual(["beforeunload"]);
  await expect(admin).toHaveURL(new RegExp(id));
  await form.getByLabel("Name", { exact: true }).fill("Front desk");
  await form.getByRole("group", { name: "Answers calls" }).getByLabel("On").check();
  await expect(form.getByRole("status")).toBeEmpty();
  await admin.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Inbox" }).click();
  await expect(admin.getByRole("heading", { level: 1, name: "Inbox" })).toBeVisible();
  expect(asked).toHaveLength(1);
});

test("a new agent is not made before one has chosen whether calls are recorded @both", async ({ admin }) => {
  await admin.goto("/channels/phone/agents/new");
  const recording = admin.getByRole("group", { name: "Record calls" });
  for (const choice of ["On", "Off"]) await expect(recording.getByLabel(choice)).not.toBeChecked();
  await admin.getByLabel("Name", { exact: true }).fill("Front desk");
  await admin.getByRole("button", { name: "Create agent" }).click();
  await expect(admin.getByRole("alert").getByRole("link")).toHaveText(/Record calls/);
  await expect(recording).toContainText("Enter a value.");
  await expect(recording).toHaveAccessibleDescription(/Enter a value\./);
  await expect(admin.getByLabel("Name", { exact: true })).toHaveValue("Front desk");
  await recording.getByLabel("Off").check();
  await admin.getByRole("button", { name: "Create agent" }).click();
  await expect(admin.getByRole("heading", { level: 1, name: "Front desk" })).toBeVisible();
  await expect(recording.getByLabel("Off")).toBeChecked();
});

test("a second editor's save shows both values, and the choice is saved @both", async ({ admin }) => {
  const walk = new Console(admin);
  const id = await walk.createAgent({ name: "Front desk", firstMessage: "Hello" });
  const path = `/channels/phone/agents/${id}`;
  const other = await admin.context().newPage();
  await admin.goto(path);
  await other.goto(path);
  await other.getByLabel("Name", { exact: true }).fill("Reception");
  await other.getByLabel(/^First message/).fill("Good morning");
  await other.getByRole("button", { name: "Save changes" }).click();
  await expect(other.getByRole("heading", { level: 1, name: "Reception" })).toBeVisible();

  await admin.getByLabel(/^First message/).fill("Good evening");
  await admin.getByRole("button", { name: "Save changes" }).click();
  const choice = admin.getByRole("region", { name: "Someone saved this page while you were editing" });
  await expect(choice.getByRole("group", { name: "First message" })).toContainText("Now: Good morning");
  await expect(choice.getByRole("group", { name: "First message" }).getByLabel("Yours: Good evening")).toBeChecked();
  await choice.getByRole("group", { name: "Name" }).getByLabel("Now: Reception").check();
  await choice.getByRole("button", { name: "Save my choices" }).click();
  await expect(admin.getByRole("heading", { level: 1, name: "Reception" })).toBeVisible();
  await expect(admin.getByLabel(/^First message/)).toHaveValue("Good evening");
  await other.close();
});

test("a session that ends in mid-form gives the form back after the sign-in @both", async ({ admin, server }) => {
  const walk = new Console(admin);
  const id = await walk.createAgent({ name: "Front desk" });
  await admin.goto(`/channels/phone/agents/${id}`);
  await admin.getByLabel(/^First message/).fill("Typed before the session ended");
  server.command(["user", "password", ADMIN.email], ADMIN.password);
  await admin.getByRole("button", { name: "Save changes" }).click();
  await expect(admin.getByRole("main")).toContainText("your form is kept");
  await admin.getByLabel("E-mail").fill(ADMIN.email);
  await admin.getByLabel("Password").fill(ADMIN.password);
  await admin.getByRole("button", { name: "Sign in" }).click();
  await expect(admin.getByLabel(/^First message/)).toHaveValue("Typed before the session ended");
  await admin.getByRole("button", { name: "Save changes" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "Saved" })).toBeVisible();
});

test("a removed number is put back @both", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  await walk.addNumbers(FRONT);
  const numbers = walk.part("Phone Numbers (DID)");
  await numbers.getByRole("link", { name: "Remove +1 415 555 0100" }).click();
  await admin.getByRole("button", { name: "Remove number" }).click();
  await expect(numbers).toContainText("No numbers yet.");
  await admin.getByRole("button", { name: "Undo +1 415 555 0100" }).click();
  await expect(numbers.getByRole("table")).toContainText("+1 415 555 0100");
});

test("the trunk goes only when its name is typed @both", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  await admin.getByRole("link", { name: "Remove trunk" }).click();
  await admin.getByRole("button", { name: "Remove trunk" }).click();
  await expect(admin.getByRole("main")).toContainText("Type inbound trunk to confirm.");
  await admin.getByLabel("Type inbound trunk to confirm").fill("Inbound trunk");
  await admin.getByRole("button", { name: "Remove trunk" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "The inbound trunk is removed." })).toBeVisible();
});

test("a recipe fills in the form, and the only credential stays @both", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  await admin.getByText("Twilio (Elastic SIP Trunking)").click();
  await admin.getByRole("link", { name: "Add Twilio's ranges" }).click();
  const who = walk.part("Who may call in");
  await expect(who.getByLabel("Addresses or ranges")).toHaveValue(/54\.172\.60\.0\/30/);
  await who.getByRole("link", { name: "Remove Main" }).click();
  await expect(who).toContainText("This is the only credential. Add another first.");
});

test("a session that is about to end says so, goes on when it is asked to, and keeps what is typed", async ({ admin }) => {
  const walk = new Console(admin);
  const id = await walk.createAgent({ name: "Front desk" });
  await admin.clock.install();
  await admin.goto(`/channels/phone/agents/${id}`);
  await admin.getByLabel(/^First message/).fill("A long text");
  const session = admin.getByRole("region", { name: "Your session" });
  await admin.clock.fastForward("11:50:00");
  await expect(session).toBeHidden();
  await admin.clock.fastForward("08:30");
  await expect(session.getByRole("alert")).toHaveText("Are you still there? You are signed out in two minutes.");
  await session.getByRole("button", { name: "Stay signed in" }).click();
  await expect(session).toBeHidden();
  await expect(admin.getByLabel(/^First message/)).toHaveValue("A long text");
  await admin.clock.fastForward("12:00:30");
  await expect(session.getByRole("alert")).toContainText("What you have typed is still here");
  await expect(admin.getByLabel(/^First message/)).toHaveValue("A long text");
});
