import QuernDrawing

extension TrainingReport {
  var curvesSection: HTML? {
    guard !curves.steps.all.isEmpty || !curves.epochs.isEmpty else { return nil }
    var plots = [lossPlot]
    if let errorPlot { plots.append(errorPlot) }
    if let ratePlot { plots.append(ratePlot) }
    var content = [
      HTML("div", ["class": "figures plots"], plots.map { Self.figure($0.drawing()) })
    ]
    if !curves.epochs.isEmpty {
      content.append(
        HTML("details", [:], [HTML("summary", text: "Epochs as a table"), epochTable]))
    }
    return Self.section("Learning curves", content)
  }

  private static let plotSize = (width: 640.0, height: 400.0)
  private static let trainingColor = Color.blue
  private static let evaluationColor = Color.vermilion
  private static let testColor = Color.green

  /// What has been measured over epochs, as a line.
  private func points(_ value: (LearningCurves.Epoch) -> Double?) -> [Point] {
    curves.epochs.compactMap { epoch in value(epoch).map { Point(Double(epoch.epoch), $0) } }
  }

  /// With symbols only where they are few.
  private func line(
    _ points: [Point], _ name: String, _ color: Color, _ symbol: PointSymbol
  ) -> LineMark {
    LineMark(points, name: name, color: color, symbol: points.count <= 40 ? symbol : nil)
  }

  private func epochAxis() -> PlotAxis { PlotAxis("epoch", isIntegral: true) }

  private var lossPlot: Plot {
    let steps = curves.steps.all.map { Point($0.x, $0.y) }
    let training = points(\.loss)
    let evaluation = points(\.evaluationLoss)
    // Where losses fall by a power of ten, the end of the curves would lie on the axis.
    let values = (steps + training + evaluation).map(\.y).filter { $0.isFinite }
    let isWide = (values.min() ?? 0) > 0 && (values.max() ?? 0) > 10 * (values.min() ?? 0)
    var plot = Plot(
      "Loss", x: epochAxis(), y: PlotAxis("loss", isWide ? .logarithmic : .linear),
      width: Self.plotSize.width, height: Self.plotSize.height)
    let perPoint = curves.steps.perSample
    plot.add(
      LineMark(
        steps, name: perPoint == 1 ? "each step" : "mean of \(perPoint) steps",
        color: Color.skyBlue.mixed(with: .white, 0.1), width: 1))
    if !training.isEmpty { plot.add(line(training, "training", Self.trainingColor, .circle)) }
    if !evaluation.isEmpty {
      plot.add(line(evaluation, evaluationName, Self.evaluationColor, .diamond))
    }
    return plot
  }

  private var errorPlot: Plot? {
    let training = points { epoch in epoch.accuracy.map { (1 - $0) * 100 } }
    let evaluation = points { epoch in epoch.evaluationAccuracy.map { (1 - $0) * 100 } }
    let test = points { epoch in epoch.testAccuracy.map { (1 - $0) * 100 } }
    guard !training.isEmpty else { return nil }
    let values = (training + evaluation + test).map(\.y)
    let isWide = (values.min() ?? 0) > 0 && (values.max() ?? 0) > 10 * (values.min() ?? 0)
    var plot = Plot(
      "Error", x: epochAxis(), y: PlotAxis("error, %", isWide ? .logarithmic : .linear),
      width: Self.plotSize.width, height: Self.plotSize.height)
    plot.add(line(training, "training", Self.trainingColor, .circle))
    if !evaluation.isEmpty {
      plot.add(line(evaluation, evaluationName, Self.evaluationColor, .diamond))
      // Of equals the one with the smaller loss, as in a recipe's last line.
      let measured = curves.epochs.filter { $0.evaluationAccuracy != nil }
      let least = measured.min {
        (-($0.evaluationAccuracy ?? 0), $0.evaluationLoss ?? .infinity)
          < (-($1.evaluationAccuracy ?? 0), $1.evaluationLoss ?? .infinity)
      }
      if let best = evaluation.first(where: { $0.x == least.map { Double($0.epoch) } }) {
        plot.subtitle =
          "lowest \(evaluationName) error: \(NumberText.fixed(best.y, decimals: 2)) %, epoch "
          + NumberText.fixed(best.x, decimals: 0)
        if let tested = test.first(where: { $0.x == best.x }) {
          plot.subtitle +=
            "; test error then: \(NumberText.fixed(tested.y, decimals: 2)) %"
        }
      }
    }
    if !test.isEmpty { plot.add(line(test, "test", Self.testColor, .square)) }
    return plot
  }

  /// Nil where η is the same throughout.
  private var ratePlot: Plot? {
    let points = curves.learningRates.all.map { Point($0.x, $0.y) }
    guard let first = points.first, points.contains(where: { $0.y != first.y }) else { return nil }
    var plot = Plot(
      "Learning rate", x: epochAxis(), y: PlotAxis("η", includesZero: true),
      width: Self.plotSize.width, height: 260)
    plot.add(LineMark(points, color: .green))
    return plot
  }

  /// Whether epochs were also evaluated on the test set.
  private var isTestedBeside: Bool { curves.epochs.contains { $0.testAccuracy != nil } }

  private var epochTable: HTML {
    HTML.table(
      [
        ("epoch", true), ("training loss", true), ("training error", true),
        ("\(evaluationName) loss", true), ("\(evaluationName) error", true),
      ] + (isTestedBeside ? [("test error", true)] : []) + [
        ("learning rate", true), ("time", true),
      ], curves.epochs.map(cells))
  }

  private func cells(_ epoch: LearningCurves.Epoch) -> [String] {
    func error(_ accuracy: Double?) -> String {
      accuracy.map { ReportText.percent(1 - $0) } ?? ""
    }
    var cells = [
      String(epoch.epoch), NumberText.fixed(epoch.loss, decimals: 4), error(epoch.accuracy),
      epoch.evaluationLoss.map { NumberText.fixed($0, decimals: 4) } ?? "",
      error(epoch.evaluationAccuracy),
    ]
    if isTestedBeside { cells.append(error(epoch.testAccuracy)) }
    return cells + [NumberText.significant(epoch.learningRate), ReportText.seconds(epoch.seconds)]
  }
}
