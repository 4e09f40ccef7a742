import QuernDrawing
import QuernLayers

extension TrainingReport {
  var networkSection: HTML? {
    let rows = summary.layers.map { layer in
      [
        layer.name, layer.kind, ReportText.product(layer.outputShape),
        ReportText.count(layer.parameters), ReportText.count(layer.multiplyAdds),
        layer.receptiveField.map { ReportText.product($0.map(\.size)) } ?? "",
      ]
    }
    let table = HTML.table(
      [
        ("layer", false), ("kind", false), ("output", false), ("parameters", true),
        ("multiply-adds", true), ("receptive field", false),
      ], [["input", "", ReportText.product(summary.inputShape), "", "", ""]] + rows,
      footer: [
        "total", "", "", ReportText.grouped(summary.parameters),
        ReportText.grouped(summary.multiplyAdds), "",
      ])
    return Self.section(
      "Network",
      [
        HTML("div", ["class": "figures"], [Self.figure(diagram.drawing()), table])
      ])
  }

  /// More bars than these would say little.
  private static let barCount = 16

  var kernelsSection: HTML? {
    guard !kernels.isEmpty else { return nil }
    let sorted = kernels.sorted { ($1.milliseconds, $0.name) < ($0.milliseconds, $1.name) }
    let total = sorted.reduce(0) { $0 + $1.milliseconds }
    let limit = sorted.reduce(0) { $0 + $1.limitMilliseconds }
    let bars = sorted.prefix(Self.barCount).map {
      BarChart.Bar($0.name, [$0.milliseconds, $0.limitMilliseconds])
    }
    // A bar for all of them would be longer than those that matter.
    let rest = sorted.dropFirst(Self.barCount)
    let restTime = NumberText.significant(rest.reduce(0) { $0 + $1.milliseconds })
    let restText =
      rest.isEmpty
      ? "" : " \(ReportText.counted(rest.count, "other")) are not drawn: \(restTime) ms together."
    let chart = BarChart(
      "", bars, series: ["measured", "the machine's limit"], valueLabel: "ms a training step",
      width: 860)
    let table = HTML.table(
      [
        ("kernel", false), ("ms", true), ("limit, ms", true), ("share of the step", true),
        ("GFLOP/s", true), ("MB", true),
      ],
      sorted.map { kernel in
        [
          kernel.name, NumberText.fixed(kernel.milliseconds, decimals: 4),
          NumberText.fixed(kernel.limitMilliseconds, decimals: 4),
          total > 0 ? ReportText.percent(kernel.milliseconds / total, 1) : "",
          kernel.gigaflops > 0 ? NumberText.significant(kernel.gigaflops) : "",
          NumberText.significant(kernel.megabytes),
        ]
      })
    return Self.section(
      "Time by kernel",
      [
        HTML(
          "p",
          text: "A training step takes \(NumberText.significant(total)) ms in "
            + "\(ReportText.counted(sorted.count, "kernel")), each timed by itself. The limit is the "
            + "larger of the times that its multiply-adds take at the machine's measured rate and "
            + "that its tensors take at the measured memory bandwidth: together "
            + "\(NumberText.significant(limit)) ms. A kernel whose tensors stay in the caches can "
            + "be faster than that; while other programs run, neither number means much.\(restText)"
        ),
        Self.figure(chart.drawing()),
        HTML("details", [:], [HTML("summary", text: "Kernels as a table"), table]),
      ])
  }
}
