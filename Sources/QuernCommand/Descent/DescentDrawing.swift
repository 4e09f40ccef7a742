import Quern
import QuernDrawing

/// A descent as a picture: the path over contours of Q, and beside it Q, ‖∇Q‖ and the validation
/// error over the steps.
struct DescentDrawing {
  private let descent: GradientDescent
  private let result: GradientDescent.Result

  /// Points of the contours' grid along each axis: Q is computed at all of them at once.
  private static let resolution = 121
  private static let height = 560.0

  init(_ descent: GradientDescent, _ result: GradientDescent.Result) {
    self.descent = descent
    self.result = result
  }

  func drawing() throws -> Drawing {
    let (path, curves) = (try contours().drawing(), self.curves().drawing())
    var drawing = Drawing(
      width: path.width + curves.width, height: Self.height,
      title: "Gradient descent: \(descent.objective.formula)")
    drawing.add(path, at: Point(0, 0))
    drawing.add(curves, at: Point(path.width, 0))
    return drawing
  }

  private func contours() throws -> Plot {
    let (x, y) = ranges()
    let size = Self.resolution
    let points = FunctionGrid.points(x: x, y: y, columns: size, rows: size)
    let values = try descent.values(at: points.map { [$0.x, $0.y] })
    var plot = Plot(
      descent.objective.formula,
      subtitle: "\(descent.settings.rule.formula), η = \(descent.learningRate)",
      x: PlotAxis(descent.objective.parameterNames[0], range: x),
      y: PlotAxis(descent.objective.parameterNames[1], range: y), width: 640, height: Self.height)
    if let grid = FunctionGrid(x: x, y: y, columns: size, rows: size, values: values) {
      plot.add(ContourBands(grid, levels: grid.levels(16, .logarithmic)))
      plot.add(ContourMark(grid, levels: grid.levels(11, .logarithmic)))
    }
    if let minimum = descent.objective.minimum {
      plot.add(
        PointMark(
          [Point(minimum[0], minimum[1])], name: "minimum", color: .green, symbol: .cross,
          radius: 6))
    }
    let last = result.steps.count - 1
    plot.add(
      PathMark(
        result.steps.map { Point($0.parameters[0], $0.parameters[1]) }, name: "w⁰ … wᵗ",
        startLabel: "w⁰", endLabel: "step \(Numbers.grouped(last))"))
    if result.kept != last {
      let kept = result.best.parameters
      plot.add(
        PointMark(
          [Point(kept[0], kept[1])], name: "kept: step \(Numbers.grouped(result.kept))",
          color: .blue, radius: 6))
    }
    return plot
  }

  /// What is shown: the start, the minimum and all of the path that is not too far from them.
  private func ranges() -> (x: ClosedRange<Double>, y: ClosedRange<Double>) {
    let first = result.steps[0].parameters
    let goal = descent.objective.minimum ?? result.best.parameters
    let reach = 2 * max(abs(goal[0] - first[0]), abs(goal[1] - first[1]), 0.5)
    let sane = reach.isFinite && reach < 1e3 ? reach : 4
    func range(_ axis: Int) -> ClosedRange<Double> {
      let bounds = (first[axis] - sane)...(first[axis] + sane)
      var seen = result.steps.map { $0.parameters[axis] }.filter { bounds.contains($0) }
      seen.append(first[axis])
      if goal[axis].isFinite, bounds.contains(goal[axis]) { seen.append(goal[axis]) }
      let (low, high) = (seen.min() ?? first[axis], seen.max() ?? first[axis])
      let length = max(high - low, sane / 4)
      let middle = (low + high) / 2
      return (middle - 0.65 * length)...(middle + 0.65 * length)
    }
    return (range(0), range(1))
  }

  private func curves() -> Plot {
    var plot = Plot(
      "", x: PlotAxis("step", isIntegral: true), y: PlotAxis("", .logarithmic), width: 480,
      height: Self.height)
    let steps = thinned()
    func points(_ value: (GradientDescent.Step) -> Double?) -> [Point] {
      steps.compactMap { step in value(step).map { Point(Double(step.number), $0) } }
    }
    plot.add(LineMark(points(\.value), name: "Q", color: .blue))
    plot.add(LineMark(points(\.gradientNorm), name: "‖∇Q‖", color: .vermilion))
    plot.add(LineMark(points(\.change), name: "‖Δw‖", color: .purple, dashes: [6, 3]))
    if descent.objective.hasValidation {
      plot.add(LineMark(points(\.validation), name: "validation", color: .green))
    }
    let stopping = descent.settings.stopping
    if stopping.kind == .validation {
      plot.add(ReferenceLine(.vertical, at: Double(result.kept), note: "kept"))
    } else {
      plot.add(ReferenceLine(.horizontal, at: stopping.epsilon, note: "ε = \(stopping.epsilon)"))
    }
    return plot
  }

  /// As many steps as a curve of some hundred pixels can show.
  private func thinned() -> [GradientDescent.Step] {
    let every = max(result.steps.count / 600, 1)
    return result.steps.filter {
      $0.number % every == 0 || $0.number == result.steps.count - 1
    }
  }
}
