// browser.js PAGE SECONDS SCREENSHOT: opens the status page in Debian's
// Chromium, lets it play, switches the level up and down, and prints what a
// viewer would have noticed as one JSON line.
"use strict";

const path = require("path");
const build = path.resolve(process.env.BUILD || "build");
const { chromium } = require(build + "/node/node_modules/playwright-core");

const [page_url, seconds, shot] = process.argv.slice(2);

async function until(page, what, fn, arg, ms) {
  await page.waitForFunction(fn, arg, { timeout: ms || 30000, polling: 100 })
    .catch(() => { throw new Error("waited in vain for " + what); });
}

(async () => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic",
           "--autoplay-policy=no-user-gesture-required",
           "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--no-first-run"],
  });
  const out = { errors: [], console: [], levels: [], switched: [] };
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on("pageerror", (e) => out.errors.push(String(e)));
    page.on("console", (m) => {
      if (m.type() === "error") out.console.push(m.text());
    });
    await page.goto(page_url);
    await until(page, "the player", () => window.livepeer && livepeer.hls
      && livepeer.hls.levels && livepeer.hls.levels.length > 1);
    await page.evaluate(() => {
      const h = livepeer.hls;
      window.seen = { fatal: [], levels: [] };
      h.on("hlsError", (_, d) => { if (d.fatal) seen.fatal.push(d.details); });
      h.on("hlsLevelSwitched", (_, d) => seen.levels.push(d.level));
      document.querySelector("video").muted = true;
      document.querySelector("video").play();
    });
    const time = () => document.querySelector("video").currentTime;
    await until(page, "the first picture", () =>
      document.querySelector("video").currentTime > 0
      && document.querySelector("video").videoWidth > 0);
    const start = await page.evaluate(time);

    out.levels = await page.evaluate(() =>
      livepeer.hls.levels.map((l) => l.height + "p@" + l.bitrate));
    const n = out.levels.length;
    for (const level of [n - 1, 0, n - 1]) {
      const mark = await page.evaluate((l) => {
        livepeer.hls.nextLevel = l;
        return document.querySelector("video").currentTime;
      }, level);
      await until(page, "level " + level, (l) =>
        livepeer.hls.currentLevel === l, level, 20000);
      await until(page, "two more seconds", (t) =>
        document.querySelector("video").currentTime > t + 2, mark, 20000);
      out.switched.push(level);
    }
    await until(page, seconds + " s of video", (t) =>
      document.querySelector("video").currentTime > t,
      start + Number(seconds), 90000);

    Object.assign(out, await page.evaluate(() => {
      const v = document.querySelector("video");
      const q = v.getVideoPlaybackQuality();
      return { frames: q.totalVideoFrames, dropped: q.droppedVideoFrames,
               width: v.videoWidth, fatal: seen.fatal, hops: seen.levels,
               text: document.body.innerText.slice(0, 4000) };
    }));
    out.played = await page.evaluate(time) - start;
    if (shot) await page.screenshot({ path: shot });
  } catch (e) {
    out.failed = String(e.message || e);
    for (const p of browser.contexts().flatMap((c) => c.pages())) {
      if (shot) await p.screenshot({ path: shot }).catch(() => {});
      out.text = await p.evaluate(() => document.body.innerText.slice(0, 2000))
        .catch(() => "");
    }
  }
  await browser.close();
  console.log(JSON.stringify(out));
})();
