// The page: polls the JSON beside it, shows it, plays what is live. Text is
// only ever set as text, so nothing in the data can become markup.
"use strict";

const $ = (id) => document.getElementById(id);

const page = { api: null, stream: "", url: "", listed: 0, hls: null };
window.livepeer = page;


// --- numbers as people read them

const seconds = (ms) => (ms / 1000).toFixed(1) + " s";
const rate = (bps) => bps >= 1e6 ? (bps / 1e6).toFixed(2) + " Mb/s"
                                 : Math.round(bps / 1000) + " kb/s";
const size = (v) => v.width ? v.width + " × " + v.height : "–";
const fps = (milli) => milli ? String(Math.round(milli / 10) / 100) : "–";
const times = (t) => t.last ? t.p50 + " / " + t.p99 + " ms" : "–";

// wei as text, any size, in the unit that leaves few digits to read
function eth(text) {
  const wei = Number(text);
  const [unit, name] = Math.abs(wei) >= 1e13 || !wei ? [1e18, " ETH"]
    : Math.abs(wei) >= 1e4 ? [1e9, " gwei"] : [1, " wei"];
  return (wei / unit).toLocaleString("en", { maximumSignificantDigits: 4 }) +
    name;
}

const amount = (text) => ({ text: eth(text), title: text + " wei" });
const count = (n) => n.toLocaleString("en");
const price = (text) => text.split("/").map((n) => BigInt(n)
  .toLocaleString("en")).join("/") + " wei";
const percent = (ppm) => (ppm / 1e4).toLocaleString("en",
  { maximumFractionDigits: 2 }) + " %";
const short = (address) => address.slice(0, 8) + "…" + address.slice(-4);

function lasting(ms) {
  const min = Math.ceil(ms / 60000);
  return min < 60 ? min + " min"
                  : Math.floor(min / 60) + " h " + min % 60 + " min";
}

const audioName = {
  "": "none", "mp4a.40.2": "AAC-LC", "mp4a.40.5": "HE-AAC",
  "mp4a.40.29": "HE-AAC v2",
};


// --- what is wrong with a source, and which field of OBS to change

const sentences = {
  long_gop: (s) => "Keyframe interval is " +
    seconds(Math.max(s.gop_ms, s.waiting_ms)) + ". Segments are as long as " +
    "that, and viewers wait for them. In OBS: Settings > Output > Output " +
    "Mode: Advanced > Streaming > Keyframe Interval: 2 s (in Simple mode: " +
    "Custom Encoder Settings: keyint=60).",
  vfr: () => "The frame rate varies. In OBS: Settings > Video > Common FPS " +
    "Values, and see View > Stats for frames missed or skipped.",
  no_audio: () => "No audio arrives. In OBS: unmute a source in the Audio " +
    "Mixer, and see Settings > Output > Streaming > Audio Track.",
  audio_codec: () => "The audio's codec cannot be carried and is left out. " +
    "In OBS: Settings > Output > Streaming > Audio Encoder: AAC.",
  video_codec: () => "The video's codec is not supported. In OBS: Settings > " +
    "Output > Streaming > Video Encoder: x264, or another H.264 encoder.",
  pixfmt: () => "Only progressive 8-bit 4:2:0 video up to 4096 × 2304 is " +
    "transcoded; viewers get the source alone. In OBS: Settings > Advanced " +
    "> Video > Color Format: NV12.",
  no_video: () => "There is no video. Audio is passed through. In OBS: see " +
    "Settings > Output > Streaming > Video Encoder.",
  upscale: (s) => "The source is " + size(s) + ": renditions larger than " +
    "that are not made. In OBS: Settings > Video > Output (Scaled) " +
    "Resolution.",
  no_orchestrator: (s) => "No orchestrator can be used, viewers get the " +
    "source alone. Check the addresses in livepeer_orchestrator and that " +
    "the orchestrators run; nothing needs a restart." +
    s.orchestrators.filter((o) => o.last_error).slice(0, 3)
      .map((o) => " " + o.url + ": " + o.last_error + ".").join(""),
  damaged: () => "Some frames arrived damaged or out of order. In OBS: View " +
    "> Stats shows dropped frames; a lower Bitrate in Settings > Output may " +
    "help.",
};


// --- small pieces of the page

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setTitle(node, title) {
  if ((title || "") !== node.title) node.title = title || "";
}

function element(parent, tag, i) {
  while (parent.children.length <= i)
    parent.appendChild(document.createElement(tag));
  return parent.children[i];
}

function trim(parent, n) {
  while (parent.children.length > n) parent.lastElementChild.remove();
}

// rows of texts, or of {text, good, bad}; what stays the same is not touched
function fill(table, heads, rows) {
  const head = element(element(table, "thead", 0), "tr", 0);
  heads.forEach((h, i) => {
    const th = element(head, "th", i);
    th.scope = "col";
    setText(th, h);
  });
  let body = table.tBodies[0] || table.createTBody();
  rows.forEach((row, r) => {
    const tr = element(body, "tr", r);
    row.forEach((cell, c) => {
      const td = element(tr, "td", c);
      const o = typeof cell === "object" ? cell : { text: String(cell) };
      setText(td, o.text);
      setTitle(td, o.title);
      td.className = o.good ? "good" : o.bad ? "bad" : "";
    });
    trim(tr, row.length);
  });
  trim(body, rows.length);
}

// pairs of a name and a text, or {text, title, bad}
function facts(dl, list) {
  list.forEach(([name, value], i) => {
    const div = element(dl, "div", i);
    setText(element(div, "dt", 0), name);
    while (div.children.length < 2)
      div.appendChild(document.createElement("dd"));
    const o = typeof value === "object" ? value : { text: value };
    setText(div.children[1], o.text);
    setTitle(div.children[1], o.title);
    div.children[1].className = o.bad ? "bad" : "";
  });
  trim(dl, list.length);
}

function options(select, list, value) {
  const key = JSON.stringify(list);
  if (select.dataset.key !== key) {
    select.dataset.key = key;
    select.replaceChildren(...list.map(([v, text]) => {
      const o = document.createElement("option");
      o.value = v;
      o.textContent = text;
      return o;
    }));
  }
  select.value = value;
}


// --- the player

function trouble(text) {
  setText($("trouble"), text);
  $("trouble").hidden = !text;
}

function stop() {
  if (page.hls) page.hls.destroy();
  page.hls = null;
  page.url = "";
}

function play(url) {
  const video = $("player");

  stop();
  trouble("");
  page.url = url;

  if (!window.Hls || !Hls.isSupported()) {
    video.src = url;                              // Safari plays it by itself
    video.play().catch(() => {});
    return;
  }

  const hls = page.hls = new Hls({ backBufferLength: 30 });

  hls.on(Hls.Events.ERROR, (_, e) => {
    if (!e.fatal) return;
    if (e.type === Hls.ErrorTypes.MEDIA_ERROR) {
      hls.recoverMediaError();
      return;
    }
    trouble("The playlist cannot be loaded; trying again.");
    if (page.hls === hls) stop();                 // the next poll starts anew
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    trouble("");
    video.play().catch(() => {});
  });
  hls.loadSource(url);
  hls.attachMedia(video);
}

function levelName(l) {
  const m = /([^/]+)\.m3u8(?:\?|$)/.exec(l.url[0] || l.uri || "");
  return m ? m[1] : l.height + "p";
}

function showLevels() {
  const hls = page.hls;
  const list = [["-1", "Auto"]];

  if (!hls || !hls.levels || !hls.levels.length) {
    options($("level"), list, "-1");
    setText($("playing"), "");
    return;
  }

  hls.levels.forEach((l, i) => list.push([String(i), levelName(l) + " · " +
    size(l) + " · " + rate(l.bitrate)]));
  options($("level"), list, hls.autoLevelEnabled ? "-1"
                                                 : String(hls.manualLevel));

  const now = hls.levels[hls.currentLevel];
  const delay = hls.latency ? ", " + hls.latency.toFixed(1) + " s behind" : "";
  setText($("playing"), now ? "plays " + levelName(now) + delay : "");
}

$("level").addEventListener("change", (e) => {
  if (page.hls) page.hls.nextLevel = Number(e.target.value);
});

$("stream").addEventListener("change", (e) => {
  page.stream = e.target.value;
  show();
});


// --- the parts

function choose(streams) {
  const key = (s) => s.app + "/" + s.name;
  let s = streams.find((x) => key(x) === page.stream);

  if (!s) {
    s = streams.find((x) => x.state === "live") || streams[0];
    page.stream = s ? key(s) : "";
  }
  options($("stream"), streams.map((x) => [key(x), x.name +
    (x.state === "live" ? "" : " (" + x.state + ")")]), page.stream);
  return s;
}

function showStream(s) {
  const state = {
    live: "live", ended: "ended",
    waiting: "gone; waits for the publisher to come back",
  }[s.state];

  facts($("facts"), [
    ["State", state],
    ["Picture", size(s) + (s.fps_milli ? ", " + fps(s.fps_milli) + " fps"
                                       : "")],
    ["Bitrate", s.bitrate_bps ? rate(s.bitrate_bps) : "–"],
    ["Keyframe interval", s.gop_ms ? seconds(s.gop_ms)
      : s.waiting_ms ? "over " + seconds(s.waiting_ms) : "–"],
    ["Audio", audioName[s.audio_codec] || s.audio_codec],
    ["Segments", String(s.segments)],
    ["Round trip p50 / p99", times(s.rtt_ms)],
    ["Publish delay p50 / p99", times(s.publish_ms)],
    ["Renditions delivered / missed", s.renditions + " / " + s.missed],
    ["Retries", String(s.retries)],
    ["For viewers", s.hls ? location.origin + s.hls
      : "no location with livepeer_hls on this server"],
  ]);

  const says = s.state === "ended" ? [] : s.advice
    .filter((a) => sentences[a]).map((a) => sentences[a](s));
  if (s.reason) says.unshift("The stream was ended: " + s.reason + ".");
  const ul = $("sentences");
  says.forEach((text, i) => setText(element(ul, "li", i), text));
  trim(ul, says.length);
  $("advice").hidden = !says.length;

  fill($("variants"),
    ["Name", "Picture", "fps", "Average", "Peak", "Last segment", "Gaps"],
    s.variants.map((v) => [v.name, size(v), fps(v.fps_milli),
      rate(v.average_bps), rate(v.peak_bps), v.last_seq,
      { text: String(v.gaps), bad: v.gaps_in_a_row > 0 }]));
  $("ladder").hidden = !s.variants.length;

  fill($("orchestrators"),
    ["Address", "State", "Segments", "Round trip", "Real-time ratio",
     "Failures", "In flight", "Last error"],
    s.orchestrators.map((o) => [o.url,
      o.suspended ? { text: "suspended", bad: true }
                  : { text: "in use", good: true },
      o.segments, o.rtt_ms ? o.rtt_ms + " ms" : "–",
      o.realtime_milli ? (o.realtime_milli / 1000).toFixed(2) : "–",
      o.failures, o.in_flight, o.last_error || "–"]));
  $("work").hidden = !s.orchestrators.length;

  if (s.state === "ended") page.url = "";         // the next life starts anew

  // a rendition that has joined is in no list that was read before
  const listed = s.variants.filter((v) => v.listed).length;
  if (s.hls && s.playable && s.state !== "ended"
      && (page.url !== s.hls || page.listed < listed)) {
    page.listed = listed;
    play(s.hls);
  }
}

// --- money

const sentence = (s) => s.charAt(0).toUpperCase() + s.slice(1) + ".";

// why nobody is paid, and what to do: of the node, or of some streams
function stopText(api) {
  const m = api.money;

  if (!m) return "";
  if (m.stop !== "none") {
    return "Nobody is paid, viewers get the source alone. " +
      sentence(m.remedy);
  }
  const stopped = api.streams.filter((s) => s.money && s.money.stop !== "none");
  return !stopped.length ? "" : "Nobody is paid for " +
    stopped.map((s) => s.name).join(", ") + ", viewers there get the source " +
    "alone. " + sentence(stopped[0].money.remedy);
}

// the tighter of our limit and of the signer's
function dayBudget(day) {
  const ours = day.budget_wei, its = day.signer_budget_wei;
  const left = (b, s) => BigInt(b) - BigInt(s);

  if (its !== null && (ours === null
      || left(its, day.signer_spent_wei) < left(ours, day.spent_wei))) {
    return { budget: its, spent: day.signer_spent_wei, by: "the signer's" };
  }
  return { budget: ours, spent: day.spent_wei, by: "livepeer_budget's" };
}

function budget(i, name, b, left, anew) {
  const div = element($("budgets"), "div", i);
  const share = BigInt(b.budget) > 0n
    ? Number(BigInt(left) * 10000n / BigInt(b.budget)) / 10000 : 0;
  const meter = element(div, "p", 1).firstElementChild
    || div.children[1].appendChild(document.createElement("meter"));

  Object.assign(meter, { min: 0, max: 1, low: 0.1, high: 0.25, optimum: 1,
                         value: share });
  meter.setAttribute("aria-label", name + ", share that is left");
  setText(element(div, "p", 0), name + ": " + eth(left) + " left of " +
    eth(b.budget));
  setTitle(div.children[0], left + " of " + b.budget + " wei, " + b.by);
  setText(element(div, "p", 2), eth(b.spent) + " used; begins anew in " +
    lasting(anew - page.api.now_ms));
  div.children[2].className = "dim";
}

function showBudgets(m, s) {
  let n = 0;
  const day = dayBudget(m.day), hour = s && s.money && s.money.hour;

  if (day.budget !== null && m.day.left_wei !== null)
    budget(n++, "Today", day, m.day.left_wei, m.day.anew_ms);
  if (hour && hour.budget_wei !== null) {
    budget(n++, s.name + ", this hour", { budget: hour.budget_wei,
      spent: hour.spent_wei, by: "livepeer_budget's" }, hour.left_wei,
      hour.anew_ms);
  }
  trim($("budgets"), n);
}

function showPurse(m, s) {
  const list = [], paid = s && s.money && s.money.stop === "none"
    && m.stop === "none";
  const hourly = paid ? s.money.hourly_wei : "0";
  const fund = (wei, low) => ({ ...amount(wei), bad: low });

  if (s && s.money) {
    list.push([s.name + " costs now", hourly === "0" ? "nothing"
      : { text: eth(hourly) + " an hour", title: hourly + " wei" }]);
    list.push(["Tickets for " + s.name, { text: count(s.money.tickets) +
      ", worth " + eth(s.money.ev_wei), title: s.money.ev_wei + " wei" }]);
  }
  list.push(["Tickets sent", { text: count(m.tickets) + ", worth " +
    eth(m.ev_wei), title: m.ev_wei + " wei" }]);
  list.push(["Work delivered", { text: "worth " + eth(m.fee_wei),
    title: m.fee_wei + " wei" }]);
  if (m.unpaid_pixels) list.push(["Pixels not paid", count(m.unpaid_pixels)]);
  list.push(["Winners redeemed", { text: count(m.winners) +
    (m.winners ? ", " + eth(m.redeemed_wei) : ""), bad: m.lottery_alarm,
    title: m.redeemed_wei + " wei; by chance " +
      m.winners_expected.toFixed(1) + " of the tickets win" }]);
  if (m.read) {
    list.push(["Deposit", fund(m.deposit_wei, m.deposit_wei === "0"
      || BigInt(m.deposit_wei) < BigInt(m.min_deposit_wei))]);
    list.push(["Reserve", fund(m.reserve_wei, m.reserve_wei === "0")]);
    if (m.unlock !== "locked") {
      list.push(["Unlocking", { bad: true, text: m.unlock === "unlocked"
        ? "may be withdrawn" : "until round " + m.withdraw_round }]);
    }
    list.push(["Chain", { text: m.chain_id + ", block " + count(m.block),
      title: "last new block " + seconds(m.block_age_ms) + " ago" }]);
    list.push(["Round", String(m.round)]);
  }
  if (m.address) list.push(["Paid by", { text: short(m.address),
                                        title: m.address }]);
  facts($("purse"), list);
}

// who is paid for this stream, then who was for others
function showPayees(m, s) {
  const paid = new Map(m.orchestrators.map((o) => [o.address, o]));
  const rows = (s ? s.orchestrators : []).filter((o) => o.money
    && o.money.address).map((o) => [o.money, o.url, paid.get(o.money.address)]);
  const here = new Set(rows.map(([row]) => row.address));

  m.orchestrators.filter((o) => !here.has(o.address))
    .forEach((o) => rows.push([null, o.url || short(o.address), o]));

  fill($("payees"), ["Orchestrator", "Price of a pixel", "Ticket", "Credit",
                     "Tickets", "Worth", "Redeemed", "Share to stake"],
    rows.map(([row, url, all]) => [
      { text: url, title: row ? row.address : all.address },
      row && row.price ? price(row.price) : "–",
      row && row.face_value_wei !== "0" && row.win_prob > 0
        ? { text: eth(row.face_value_wei) + ", 1 in " +
              count(Math.round(1 / row.win_prob)),
            title: row.face_value_wei + " wei" } : "–",
      row ? amount(row.balance_wei) : "–",
      all ? count(all.tickets) : "–",
      all ? amount(all.ev_wei) : "–",
      all ? { text: count(all.winners) + (all.winners ? ", " +
                eth(all.redeemed_wei) : ""),
              title: all.redeemed_wei + " wei" } : "–",
      all && all.fee_share_ppm !== null
        ? { text: percent(all.fee_share_ppm) + (all.winners ? ", " +
              eth(all.shared_wei) : ""),
            title: all.shared_wei + " wei of fees; reward cut " +
              percent(all.reward_cut_ppm) } : "–",
    ]));
  $("payees").hidden = $("split").hidden = !rows.length;
}

function showMoney(api, s) {
  const m = api.money;

  setText($("stop"), stopText(api));
  $("stop").hidden = !$("stop").textContent;
  $("money").hidden = !m;
  if (!m) return;

  showBudgets(m, s);
  showPurse(m, s);
  showPayees(m, s);
}

function showApps(apps) {
  fill($("apps"), ["Server", "Stream Key"], apps.map((a) => [
    "rtmp://" + location.hostname +
      (a.port && a.port !== 1935 ? ":" + a.port : "") + "/" + a.name,
    a.keyed ? "NAME?key=KEY, with a key from the server's operator"
            : "any name, for example cam; only from the server itself",
  ]));
}

function show() {
  const api = page.api;
  const s = choose(api.streams);

  showApps(api.applications);
  $("watch").hidden = !s;
  if (s) {
    showStream(s);
  } else {
    ["advice", "ladder", "work"].forEach((id) => { $(id).hidden = true; });
    stop();
  }
  showMoney(api, s);
  showLevels();

  fill($("streams"), ["Name", "State", "Picture", "Bitrate", "Renditions",
                      "Missed", "Retries"],
    api.streams.map((x) => [x.name,
      x.state === "live" ? { text: "live", good: true } : x.state,
      size(x), x.bitrate_bps ? rate(x.bitrate_bps) : "–",
      Math.max(x.variants.length - 1, 0), x.missed, x.retries]));
  $("all").hidden = api.streams.length < 2;

  const live = api.streams.filter((x) => x.state === "live").length;
  setText($("connection"), !api.applications.length
    ? "No application in nginx.conf has \"livepeer on\"."
    : live ? live + (live === 1 ? " stream is live" : " streams are live")
    : "Nobody publishes yet. What to type into OBS stands below.");
}

async function poll() {
  try {
    const r = await fetch("api", { cache: "no-store" });
    if (!r.ok) throw new Error(r.status);
    page.api = await r.json();
    show();
  } catch (e) {
    setText($("connection"), "The server does not answer; trying again.");
  }
  setTimeout(poll, document.hidden ? 5000 : 1000);
}

poll();
