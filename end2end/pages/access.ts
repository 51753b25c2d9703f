/** Settings → Access, by its names. */
import { type Locator, type Page, expect } from "@playwright/test";

export class AccessPage {
  readonly users: Locator;
  readonly keys: Locator;

  constructor(readonly page: Page) {
    this.users = page.getByRole("region", { name: "Users", exact: true });
    this.keys = page.getByRole("region", { name: "API keys", exact: true });
  }

  async open(): Promise<void> {
    await this.page.goto("/settings/access");
    await expect(this.page.getByRole("heading", { level: 1, name: "Access" })).toBeVisible();
  }

  /** Adds somebody; answers the link to hand over. */
  async invite(email: string, role: "Administrator" | "Operator" | "Viewer"): Promise<string> {
    await this.open();
    await this.users.getByText("Add user").first().click();
    await this.users.getByLabel("E-mail").fill(email);
    await this.users.getByRole("group", { name: "Role" }).getByLabel(role).check();
    await this.users.getByRole("button", { name: "Add user" }).click();
    return this.told("Password link");
  }

  /** Makes a key; answers it. */
  async createKey(name: string, ...scopes: string[]): Promise<string> {
    await this.open();
    await this.keys.getByText("Create key").first().click();
    await this.keys.getByLabel("Name").fill(name);
    for (const scope of scopes) await this.keys.getByLabel(scope, { exact: true }).check();
    await this.keys.getByRole("button", { name: "Create key" }).click();
    return this.told("Key");
  }

  row(name: string): Locator {
    return this.page.getByRole("row").filter({ hasText: name });
  }

  private async told(label: string): Promise<string> {
    const value = this.page.locator(`[data-value="${label}"]`);
    await expect(value).toBeVisible();
    return (await value.textContent())?.trim() ?? "";
  }
}
