import QuernDrawing
import QuernLayers

extension TrainingReport {
  var networkSection: HTML? {
    let rows = network.summary.layers.map { layer in
      [
        layer.name, layer.kind, ReportText.product(layer.outputShape),
        ReportText.count(layer.parameters), ReportText.count(layer.multiplyAdds),
        layer.receptiveField.map { ReportText.product($0.map(\.size)) } ?? "",
      ]
    }
    let table = HTML.table(
      [
        .text("layer"), .text("kind"), .text("output"), .number("parameters"),
        .number("multiply-adds"), .text("receptive field"),
      ], [["input", "", ReportText.product(network.summary.inputShape), "", "", ""]] + rows,
      footer: [
        "total", "", "", ReportText.grouped(network.summary.parameters),
        ReportText.grouped(network.summary.multiplyAdds), "",
      ])
    return Self.section(
      "Network",
      [
        HTML("div", ["class": "figures"], [Self.figure(network.diagram.drawing()), table])
      ])
  }

  /// Kernels that are drawn as bars: those that take the most time.
  private static let barCount = 16

  var kernelsSection: HTML? {
    guard !kernels.isEmpty else { return nil }
    let sorted = kernels.sorted { ($1.milliseconds, $0.name) < ($0.milliseconds, $1.name) }
    let total = sorted.reduce(0) { $0 + $1.milliseconds }
    let limit = sorted.reduce(0) { $0 + $1.limitMilliseconds }
    let bars = sorted.prefix(Self.barCount).map {
      BarChart.Bar($0.name, [$0.milliseconds, $0.limitMilliseconds])
    }
    // The others are no bar: together they might be longer than the bars that matter.
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
        .text("kernel"), .number("ms"), .number("limit, ms"), .number("share of the step"),
        .number("GFLOP/s"), .number("MB"),
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
