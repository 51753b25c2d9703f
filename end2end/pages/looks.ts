/**
 * How a page looks, as a picture beside the spec. What differs from run to run (times, ports, ids, made-up
 * passwords) is written over with the same words each time, so that the rest is compared pixel by pixel.
 */
import { type Page, expect, test } from "@playwright/test";

/** What the reference machine's fonts measure: Debian's Chromium with DejaVu, as CI has it. */
const SAMPLE = "Patchbay answers +1 415 555 0100";
const REFERENCE = { sans: 1814, mono: 1927 };

const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];

/** Pictures can be compared only where letters are as wide; in CI they are, or the pictures tell. */
export async function hasReferenceFonts(page: Page): Promise<boolean> {
  const found = await page.evaluate((sample) => {
    const pen = document.createElement("canvas").getContext("2d")!;
    const wide = (element: Element): number => {
      const { fontFamily } = getComputedStyle(element);
      pen.font = `100px ${fontFamily}`;
      return Math.round(pen.measureText(sample).width);
    };
    const code = document.body.appendChild(document.createElement("pre"));
    const widths = { sans: wide(document.body), mono: wide(code) };
    code.remove();
    return widths;
  }, SAMPLE);
  const same = found.sans === REFERENCE.sans && found.mono === REFERENCE.mono;
  if (!same) console.log(`fonts measure ${JSON.stringify(found)}, the pictures are of ${JSON.stringify(REFERENCE)}`);
  return same;
}

/** The page that is open, in both themes and sizes. */
export async function looksAsBefore(page: Page, name: string): Promise<void> {
  await settled(page);
  for (const theme of ["light", "dark"]) {
    await page.evaluate((theme) => document.documentElement.setAttribute("data-theme", theme), theme);
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await page.mouse.move(0, 0);
      await page.evaluate(() => scrollTo(0, 0));
      await page.evaluate(stand);
      await expect.soft(page).toHaveScreenshot(`${name}-${theme}-${size.width}.png`, {
        animations: "disabled",
        caret: "hide",
        maxDiffPixelRatio: 0.001,
        mask: [page.locator(".waveform"), page.locator("audio"), page.locator("meter")],
        maskColor: "#888888",
      });
    }
  }
}

/** A page that is followed live looks once more when its stream begins. */
async function settled(page: Page): Promise<void> {
  const live = page.locator(".live");
  if ((await live.count()) === 0) return;
  const again = page.waitForResponse((answer) => answer.request().resourceType() === "fetch", { timeout: 3_000 }).catch(() => undefined);
  await expect(live.and(page.locator(".live-on"))).toHaveCount(await live.count(), { timeout: 25_000 });
  await again;
}

/** Runs in the page: the same words for whatever is of this run alone. */
function stand(): void {
  const rules: [RegExp, string][] = [
    [/\b\d{1,2} [A-Z][a-z]{2} \d{4}/g, "23 Nov 2026"],
    [/\b\d{1,2} [A-Z][a-z]{2}, (?=\d{2}:)/g, ""],
    [/\b\d{2}:\d{2}:\d{2}\b/g, "09:12:30"],
    [/(?<!:)\b\d{2}:\d{2}(?= UTC)/g, "09:12"],
    [/\b(just now|\d+ (s|min|h) ago)/g, "1 min ago"],
    [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "019a0000-0000-7000-8000-000000000001"],
    [/\bpatch_[0-9a-z]+/g, "patch_7f3a91c2"],
    [/\b(127\.0\.\d+\.\d+|sip\.example\.com):\d+/g, "sip.example.com:5060"],
    [/\b127\.0\.\d+\.\d+/g, "127.0.0.1"],
    [/\b(UDP|TCP) [34]\d{4}\b/g, "$1 5060 "],
    [/\b2\d000([-–])2\d999\b/g, "20000$120999"],
    [/\b\d+(\.\d+)? [kMGT]?B of \d+(\.\d+)? [kMGT]?B left/g, "1 GB of 1 GB left"],
    [/\b\d+(\.\d+)? (ms|s|kB|MB|GB|GiB|MiB)\b/g, "1 $2"],
    [/\/tmp\/patchbay-data-\w+/g, "/var/lib/patchbay"],
    [/\b[a-z0-9]{6,8}(?=\.sip\.example\.com)/g, "k7f3q9"],
  ];
  // How long a trunk has been as it is comes with its first ping.
  for (const since of Array.from(document.querySelectorAll("#facts .help"))) since.remove();
  const said = (text: string): string => rules.reduce((text, [what, by]) => text.replace(what, by), text);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const now = said(node.textContent ?? "");
    if (now !== node.textContent) node.textContent = now;
  }
  for (const input of Array.from(document.querySelectorAll("input"))) {
    if (input.type !== "hidden") input.value = said(input.value);
  }
}

/** Says why there is nothing to compare, unless this must be the reference machine. */
export async function onlyWithReferenceFonts(page: Page): Promise<void> {
  const same = await hasReferenceFonts(page);
  test.skip(!same && !process.env.CI, "the fonts here are not those of the pictures");
}
