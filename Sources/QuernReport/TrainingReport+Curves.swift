import QuernDrawing

extension TrainingReport {
  var curvesSection: HTML? {
    guard !run.curves.steps.all.isEmpty || !run.curves.epochs.isEmpty else { return nil }
    var plots = [lossPlot]
    if let errorPlot { plots.append(errorPlot) }
    if let ratePlot { plots.append(ratePlot) }
    var content = [
      HTML("div", ["class": "figures plots"], plots.map { Self.figure($0.drawing()) })
    ]
    if !run.curves.epochs.isEmpty {
      content.append(
        HTML("details", [:], [HTML("summary", text: "Epochs as a table"), epochTable]))
    }
    return Self.section("Learning curves", content)
  }

  private static let plotSize = (width: 640.0, height: 400.0)
  private static let trainingColor = Color.blue
  private static let evaluationColor = Color.vermilion
  private static let testColor = Color.green

  /// A measure over epochs, as the points of a line.
  private func points(_ value: (LearningCurves.Epoch) -> Double?) -> [Point] {
    run.curves.epochs.compactMap { epoch in value(epoch).map { Point(Double(epoch.epoch), $0) } }
  }

  /// A line, with symbols where its points are few.
  private func line(
    _ points: [Point], _ name: String, _ color: Color, _ symbol: PointSymbol
  ) -> LineMark {
    LineMark(points, name: name, color: color, symbol: points.count <= 40 ? symbol : nil)
  }

  private func epochAxis() -> PlotAxis { PlotAxis("epoch", isIntegral: true) }

  private var lossPlot: Plot {
    let steps = run.curves.steps.all.map { Point($0.x, $0.y) }
    let training = points(\.loss)
    let evaluation = points(\.evaluationLoss)
    // Where losses fall to less than a tenth, a linear axis would show the end of the curves as 0.
    let values = (steps + training + evaluation).map(\.y).filter { $0.isFinite }
    let isWide = (values.min() ?? 0) > 0 && (values.max() ?? 0) > 10 * (values.min() ?? 0)
    var plot = Plot(
      "Loss", x: epochAxis(), y: PlotAxis("loss", isWide ? .logarithmic : .linear),
      width: Self.plotSize.width, height: Self.plotSize.height)
    let perPoint = run.curves.steps.perSample
    plot.add(
      LineMark(
        steps, name: perPoint == 1 ? "each step" : "mean of \(perPoint) steps",
        color: Color.skyBlue.mixed(with: .white, 0.1), width: 1))
    if !training.isEmpty { plot.add(line(training, "training", Self.trainingColor, .circle)) }
    if !evaluation.isEmpty {
      plot.add(line(evaluation, run.evaluationName, Self.evaluationColor, .diamond))
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
      plot.add(line(evaluation, run.evaluationName, Self.evaluationColor, .diamond))
      // Of equal errors the one with the smaller loss, as in `BestEpochs`.
      let measured = run.curves.epochs.filter { $0.evaluationAccuracy != nil }
      let least = measured.min {
        (-($0.evaluationAccuracy ?? 0), $0.evaluationLoss ?? .infinity)
          < (-($1.evaluationAccuracy ?? 0), $1.evaluationLoss ?? .infinity)
      }
      if let best = evaluation.first(where: { $0.x == least.map { Double($0.epoch) } }) {
        plot.subtitle =
          "lowest \(run.evaluationName) error: \(NumberText.fixed(best.y, decimals: 2)) %, epoch "
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
    let points = run.curves.learningRates.all.map { Point($0.x, $0.y) }
    guard let first = points.first, points.contains(where: { $0.y != first.y }) else { return nil }
    var plot = Plot(
      "Learning rate", x: epochAxis(), y: PlotAxis("η", includesZero: true),
      width: Self.plotSize.width, height: 260)
    plot.add(LineMark(points, color: .green))
    return plot
  }

  /// Whether epochs were also evaluated on the test set.
  private var isTestedBeside: Bool { run.curves.epochs.contains { $0.testAccuracy != nil } }

  private var epochTable: HTML {
    HTML.table(
      [
        .number("epoch"), .number("training loss"), .number("training error"),
        .number("\(run.evaluationName) loss"), .number("\(run.evaluationName) error"),
      ] + (isTestedBeside ? [.number("test error")] : []) + [
        .number("learning rate"), .number("time"),
      ], run.curves.epochs.map(cells))
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
