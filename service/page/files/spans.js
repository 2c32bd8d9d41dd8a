/**
 * Split 0..length wherever one of `spans` ({start, end, …}) starts or ends. Returns pieces
 * {start, end, spans} in order; `spans` are those that cover the piece, the outermost first, so
 * that nested spans can be drawn inside each other and overlapping ones piece by piece.
 */
export function pieces(length, spans) {
  const inside = spans.filter((s) => 0 <= s.start && s.start < s.end && s.end <= length);
  inside.sort((a, b) => a.start - b.start || b.end - a.end);
  const cuts = new Set([0, length, ...inside.flatMap((s) => [s.start, s.end])]);
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(1).map((end, index) => {
    const start = sorted[index];
    return { start, end, spans: inside.filter((s) => s.start <= start && end <= s.end) };
  });
}
