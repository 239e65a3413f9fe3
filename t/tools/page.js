// page.js URL WORK: opens the status page in Debian's Chromium and does what
// the JSON text WORK says, then prints what a person would see, and whatever
// went wrong, as one JSON line.
//   wait     { SELECTOR: REGEX, .. }: texts to await
//   seconds  for how long, at most (30)
//   hostile  [text, ..]: the JSON that the page polls gets them as names,
//            addresses, errors and remedies
//   shots    PREFIX: PREFIX-desktop.png, PREFIX-phone.png
"use strict";

const path = require("path");
const build = path.resolve(process.env.BUILD || "build");
const { chromium } = require(build + "/node/node_modules/playwright-core");

const url = process.argv[2];
const work = JSON.parse(process.argv[3] || "{}");
const widths = { desktop: [1280, 900], phone: [390, 844] };

// one stream of each text, and the texts wherever text can stand
function poison(api, texts) {
  const [stream] = api.streams;
  const money = (m, text) => m && { ...m, stop: "day", remedy: text };
  api.streams = texts.map((text) => ({
    ...stream, name: text, app: text, reason: text, state: "live",
    playable: 0, audio_codec: text, money: money(stream.money, text),
    advice: ["no_orchestrator"],
    variants: stream.variants.map((v) => ({ ...v, name: text, codec: text })),
    orchestrators: stream.orchestrators.map((o) => ({
      ...o, url: text, last_error: text,
      money: o.money && { ...o.money, address: text } })),
  }));
  api.applications = texts.map((text) => ({ ...api.applications[0],
                                            name: text }));
  const [payee] = api.money ? api.money.orchestrators : [];
  api.money = api.money && { ...api.money, stop: "day",
    remedy: texts.join(" "), unlock: texts[0],
    orchestrators: payee ? texts.map((text) => ({ ...payee, url: text,
                                                  address: text })) : [] };
  return api;
}

(async () => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic",
           "--autoplay-policy=no-user-gesture-required",
           "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--no-first-run"],
  });
  const out = { errors: [], console: [], dialogs: [], foreign: [], wide: [] };
  try {
    const page = await browser.newPage();
    page.on("pageerror", (e) => out.errors.push(String(e)));
    page.on("console", (m) => {
      if (m.type() === "error") out.console.push(m.text());
    });
    page.on("dialog", (d) => { out.dialogs.push(d.message()); d.dismiss(); });
    page.on("request", (r) => {
      if (!r.url().startsWith(new URL(url).origin)
          && !/^(blob|data):/.test(r.url())) out.foreign.push(r.url());
    });
    if (work.hostile) {
      await page.route("**/api", async (route) => {
        const r = await route.fetch();
        await route.fulfill({ response: r,
                              json: poison(await r.json(), work.hostile) });
      });
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(url);
    await page.waitForFunction(() => window.livepeer && livepeer.api, null,
                               { timeout: 30000 });
    for (const [where, what] of Object.entries(work.wait || {})) {
      await page.waitForFunction(([w, r]) => {
        const node = document.querySelector(w);
        return node && node.checkVisibility()
          && new RegExp(r).test(node.innerText);
      }, [where, what], { timeout: (work.seconds || 30) * 1000, polling: 200 })
        .catch(() => { throw new Error(`waited in vain for ${what} in ${where}`); });
    }
    Object.assign(out, await page.evaluate(() => {
      const seen = (id) => {
        const node = document.getElementById(id);
        return node && node.checkVisibility() ? node.innerText : null;
      };
      return {
        api: livepeer.api,
        stop: seen("stop"), money: seen("money"), budgets: seen("budgets"),
        purse: Object.fromEntries([...document.querySelectorAll("#purse div")]
          .map((d) => [d.children[0].innerText,
                       [d.children[1].innerText, d.children[1].title]])),
        payees: [...document.querySelectorAll("#payees tbody tr")].map((tr) =>
          [...tr.children].map((td) => [td.innerText, td.title])),
        meters: [...document.querySelectorAll("meter")].map((m) => m.value),
        streams: [...document.querySelectorAll("#streams tbody tr")]
          .map((tr) => tr.firstElementChild.textContent),
        scripts: [...document.querySelectorAll("script")].map((s) =>
          s.getAttribute("src")),
        strange: [...document.querySelectorAll("img, svg, iframe, object, " +
          "embed, form, base, [onerror], [onload], [style]")].map((n) =>
          n.outerHTML.slice(0, 100)),
        text: document.body.innerText,
      };
    }));
    for (const [name, [width, height]] of Object.entries(widths)) {
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(300);
      if (await page.evaluate(() => document.documentElement.scrollWidth
                                    > innerWidth)) out.wide.push(name);
      if (work.shots) {
        await page.screenshot({ path: `${work.shots}-${name}.png`,
                                fullPage: true });
      }
    }
  } catch (e) {
    out.failed = String(e.message || e);
    for (const p of browser.contexts().flatMap((c) => c.pages())) {
      out.text = await p.evaluate(() => document.body.innerText)
        .catch(() => "");
    }
  }
  await browser.close();
  console.log(JSON.stringify(out));
})();
