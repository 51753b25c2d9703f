/**
 * What every page must hold, whoever reads it: nothing serious for axe, and nothing scrolls sideways, at each width in
 * both themes. Its types come with a Playwright of its own, newer than the one that still runs on Node 18.
 */
import AxeBuilder from "@axe-core/playwright";
import { type Page, expect } from "@playwright/test";

type ItsPage = ConstructorParameters<typeof AxeBuilder>[0]["page"];

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** The narrowest is WCAG 1.4.10: 1280 px at 400 %. Between them are a small laptop and a tablet. */
const WIDTHS = [1280, 1024, 768, 650, 390, 320];
/** What axe looks at: between the widest and the narrowest no colour and no name changes. */
const WIDEST_AND_NARROWEST = [1280, 320];

/**
 * Looks at the page that is open. In the light theme by every rule at the widest and the narrowest, in the dark one by
 * the rule on contrast, which is all that a theme changes. With PATCHBAY_SHOTS set to a folder, its picture is put there.
 */
export async function suitsEverybody(page: Page, name = new URL(page.url()).pathname): Promise<void> {
  // A button that is still on its way from one theme to the other has a contrast of neither.
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const theme of ["light", "dark"]) {
    await page.evaluate((theme) => document.documentElement.setAttribute("data-theme", theme), theme);
    for (const width of WIDTHS) {
      const where = `${name}, ${theme}, ${width} px`;
      await page.setViewportSize({ width, height: 900 });
      if (WIDEST_AND_NARROWEST.includes(width)) {
        const rules = theme === "light" ? builder(page).withTags(RULES) : builder(page).withRules("color-contrast");
        await mindsNothing(rules, where);
      }
      const tooWide = await page.locator("html, .table-frame").evaluateAll((all) => all.some((it) => it.scrollWidth > it.clientWidth));
      expect.soft(tooWide, `${where} scrolls sideways`).toBe(false);
      if (process.env.PATCHBAY_SHOTS && [1280, 390].includes(width)) {
        const file = `${name.replace(/[^a-z0-9]+/gi, "-").replace(/^-/, "")}-${theme}-${width}.png`;
        await page.screenshot({ path: `${process.env.PATCHBAY_SHOTS}/${file}`, fullPage: true });
      }
    }
  }
}

/** The page that is open, as it stands, by every rule. */
export async function axeMindsNothing(page: Page): Promise<void> {
  await mindsNothing(builder(page).withTags(RULES), page.url());
}

async function mindsNothing(axe: AxeBuilder, where: string): Promise<void> {
  const { violations } = await axe.analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect.soft(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`), where).toEqual([]);
}

function builder(page: Page): AxeBuilder {
  // Its other mode opens a second page for each look; that is for frames of other origins, and there are none.
  return new AxeBuilder({ page: page as unknown as ItsPage }).setLegacyMode();
}
