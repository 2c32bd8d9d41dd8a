import { bytes, count, duration, milliseconds, perSecond, score, share } from "./numbers.js";

const WORK = /^\/(extract|choose|ground|instruct|batch)/;
const REQUESTS = "umie_request_duration_seconds";
const STAGES = "umie_stage_duration_seconds";
const QUANTILES = [
  ["p50", 0.5],
  ["p95", 0.95],
  ["p99", 0.99],
];
const seconds = (value) => milliseconds(value * 1000);

/**
 * The sections of the dashboard. A fact has a name, a formatted value and, optionally, whether the
 * value is good; a chart has lines, [name, value] each; a table has rows.
 */
export const SECTIONS = [
  {
    title: "Availability",
    facts: (history) => {
      const now = history.latest;
      const ready = now.sum("umie_engine_ready") === 1;
      return [
        ["ready", ready ? "yes" : "no", ready],
        ["engine heartbeat age", seconds(now.sum("umie_engine_heartbeat_age_seconds"))],
        ["uptime", duration(Date.now() / 1000 - now.sum("process_start_time_seconds"))],
        ["memory", bytes(now.sum("process_resident_memory_bytes"))],
        ["CPU cores in use", known(history.rate("process_cpu_seconds_total"), count)],
      ];
    },
  },
  {
    title: "Latency",
    charts: [
      ["Requests/s", perSecond, (history) => work(history).map(([path, where]) => [
        path,
        history.rate(`${REQUESTS}_count`, where),
      ])],
      ["Request latency, p50", seconds, (history) => work(history).map(([path, where]) => [
        path,
        history.quantile(0.5, REQUESTS, where),
      ])],
      ["Stage latency, p50", seconds, (history) => stages(history).map(([stage, where]) => [
        stage,
        history.quantile(0.5, STAGES, where),
      ])],
    ],
    table: {
      title: "The last minute",
      head: ["", "rate", ...QUANTILES.map(([name]) => name)],
      rows: (history) => [
        ...work(history).map(([path, where]) => times(history, path, REQUESTS, where)),
        ...stages(history).map(([stage, where]) => times(history, stage, STAGES, where)),
      ],
    },
  },
  {
    title: "Saturation",
    charts: [
      ["Queue and requests in flight", count, ({ latest }) => [
        ["requests in flight", latest.sum("umie_inflight_requests")],
        ["jobs in the queue", latest.sum("umie_queue_depth")],
        ["KV cache slots in use", latest.sum("umie_slots_in_use")],
      ]],
      ["Batch size", count, (history) =>
        Object.entries({ images: "see", prompts: "read", "decoder steps": "step" }).map(
          ([name, stage]) => [name, history.mean("umie_batch_size", { stage })],
        )],
    ],
  },
  {
    title: "Errors",
    charts: [
      ["Requests/s, by outcome", perSecond, (history) =>
        history.latest.values("umie_requests_total", "outcome").map((outcome) => [
          outcome.replace("_", " "),
          history.rate("umie_requests_total", { outcome }),
        ])],
    ],
    table: {
      title: "Rejected requests since the start",
      head: ["reason", "requests"],
      rows: ({ latest }) =>
        latest
          .samples("umie_refused_requests_total")
          .filter(({ value }) => value > 0)
          .sort((a, b) => b.value - a.value)
          .map(({ labels, value }) => [labels.reason, count(value)]),
      empty: "No requests were rejected.",
    },
  },
  {
    title: "Model metrics",
    facts: (history) => [
      ["image cache hit rate", known(hits(history), share)],
      ["tokens per sequence", known(tokens(history), count)],
    ],
    charts: [
      ["Tokens/s", perSecond, (history) => [
        ["prompt", history.rate("umie_prompt_tokens_total")],
        ["decoded", history.rate("umie_generated_tokens_total")],
      ]],
      ["Extracted items/s", perSecond, (history) =>
        history.latest
          .values("umie_findings_total", "kind")
          .map((kind) => [kind, history.rate("umie_findings_total", { kind })])],
      ["Gate, mean (maximum 1.65)", score, (history) =>
        history.latest
          .values("umie_gate_count", "task")
          .map((task) => [task, history.mean("umie_gate", { task })])],
    ],
  },
];

function known(value, format) {
  return value === null ? "–" : format(value);
}

/** The endpoints that use the model and have had requests. */
function work({ latest }) {
  const paths = latest.values(`${REQUESTS}_count`, "endpoint");
  return paths.filter((path) => WORK.test(path)).map((path) => [path, { endpoint: path }]);
}

function stages({ latest }) {
  const used = latest.samples(`${STAGES}_count`).filter(({ value }) => value > 0);
  return used.map(({ labels }) => [labels.stage, { stage: labels.stage }]);
}

function times(history, name, histogram, where) {
  const quantiles = QUANTILES.map(([, part]) => history.quantile(part, histogram, where, 60));
  return [
    name,
    known(history.rate(`${histogram}_count`, where, 60), perSecond),
    ...quantiles.map((value) => known(value, seconds)),
  ];
}

function hits(history) {
  return history.ratio(["umie_visual_cache_total", { outcome: "hit" }], ["umie_visual_cache_total"]);
}

function tokens(history) {
  const answers = [`${STAGES}_count`, { stage: "decode" }];
  return history.ratio(["umie_generated_tokens_total"], answers);
}
