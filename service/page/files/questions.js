import { bytes, count, duration, milliseconds, perSecond, score, share } from "./numbers.js";

const WORK = /^\/(extract|instruct|batch)/;
const REQUESTS = "umie_request_duration_seconds";
const STAGES = "umie_stage_duration_seconds";
const QUANTILES = [
  ["half", 0.5],
  ["95 of 100", 0.95],
  ["99 of 100", 0.99],
];
const seconds = (value) => milliseconds(value * 1000);

/**
 * What somebody who runs the service wants to know. A fact has a name, a value for people and, where
 * it matters, whether that is well; a chart has lines, [name, value] each; a table has rows.
 */
export const QUESTIONS = [
  {
    title: "Is it up?",
    facts: (past) => {
      const now = past.latest;
      const ready = now.sum("umie_engine_ready") === 1;
      return [
        ["ready", ready ? "yes" : "no", ready],
        ["last sign of life", seconds(now.sum("umie_engine_heartbeat_age_seconds"))],
        ["running for", duration(Date.now() / 1000 - now.sum("process_start_time_seconds"))],
        ["memory", bytes(now.sum("process_resident_memory_bytes"))],
        ["cores in use", known(past.rate("process_cpu_seconds_total"), count)],
      ];
    },
  },
  {
    title: "How fast?",
    charts: [
      ["Requests a second", perSecond, (past) => work(past).map(([path, where]) => [
        path,
        past.rate(`${REQUESTS}_count`, where),
      ])],
      ["Requests, half of them within", seconds, (past) => work(past).map(([path, where]) => [
        path,
        past.quantile(0.5, REQUESTS, where),
      ])],
      ["Stages, half of them within", seconds, (past) => stages(past).map(([stage, where]) => [
        stage,
        past.quantile(0.5, STAGES, where),
      ])],
    ],
    table: {
      title: "The last minute",
      head: ["", "a second", ...QUANTILES.map(([name]) => name)],
      rows: (past) => [
        ...work(past).map(([path, where]) => times(past, path, REQUESTS, where)),
        ...stages(past).map(([stage, where]) => times(past, stage, STAGES, where)),
      ],
    },
  },
  {
    title: "How full?",
    charts: [
      ["Waiting and being answered", count, ({ latest }) => [
        ["requests in flight", latest.sum("umie_inflight_requests")],
        ["prompts and pictures that wait", latest.sum("umie_queue_depth")],
        ["answers being written", latest.sum("umie_slots_in_use")],
      ]],
      ["Computed at once", count, (past) =>
        Object.entries({ pictures: "see", prompts: "read", answers: "step" }).map(
          ([name, stage]) => [name, past.mean("umie_batch_size", { stage })],
        )],
    ],
  },
  {
    title: "What is refused, and why?",
    charts: [
      ["Requests a second, by outcome", perSecond, (past) =>
        past.latest.values("umie_requests_total", "outcome").map((outcome) => [
          outcome.replace("_", " "),
          past.rate("umie_requests_total", { outcome }),
        ])],
    ],
    table: {
      title: "Since the process began",
      head: ["reason", "requests"],
      rows: ({ latest }) =>
        latest
          .samples("umie_refused_requests_total")
          .filter(({ value }) => value > 0)
          .sort((a, b) => b.value - a.value)
          .map(({ labels, value }) => [labels.reason, count(value)]),
      none: "Nothing has been refused.",
    },
  },
  {
    title: "What does the model do?",
    facts: (past) => [
      ["pictures it had seen before", known(hits(past), share)],
      ["tokens an answer", known(tokens(past), count)],
    ],
    charts: [
      ["Tokens a second", perSecond, (past) => [
        ["read", past.rate("umie_prompt_tokens_total")],
        ["written", past.rate("umie_generated_tokens_total")],
      ]],
      ["Findings a second", perSecond, (past) =>
        past.latest
          .values("umie_findings_total", "kind")
          .map((kind) => [kind, past.rate("umie_findings_total", { kind })])],
      ["How far pictures are let in, of 1.65", score, (past) =>
        past.latest
          .values("umie_gate_count", "task")
          .map((task) => [task, past.mean("umie_gate", { task })])],
    ],
  },
];

function known(value, format) {
  return value === null ? "–" : format(value);
}

/** Endpoints that the model works for, as far as they were asked. */
function work({ latest }) {
  const paths = latest.values(`${REQUESTS}_count`, "endpoint");
  return paths.filter((path) => WORK.test(path)).map((path) => [path, { endpoint: path }]);
}

function stages({ latest }) {
  const used = latest.samples(`${STAGES}_count`).filter(({ value }) => value > 0);
  return used.map(({ labels }) => [labels.stage, { stage: labels.stage }]);
}

function times(past, name, histogram, where) {
  const quantiles = QUANTILES.map(([, part]) => past.quantile(part, histogram, where, 60));
  return [
    name,
    known(past.rate(`${histogram}_count`, where, 60), perSecond),
    ...quantiles.map((value) => known(value, seconds)),
  ];
}

function hits(past) {
  return past.ratio(["umie_visual_cache_total", { outcome: "hit" }], ["umie_visual_cache_total"]);
}

function tokens(past) {
  const answers = [`${STAGES}_count`, { stage: "decode" }];
  return past.ratio(["umie_generated_tokens_total"], answers);
}
