import QuernDrawing
import Testing

@Suite struct PlotTests {
  private func labels(
    _ domain: ClosedRange<Double>, _ spacing: PlotAxis.Spacing = .linear, count: Int = 6,
    isIntegral: Bool = false
  ) -> [String] {
    PlotTick.ticks(domain, spacing: spacing, count: count, isIntegral: isIntegral).map(\.label)
      .filter { !$0.isEmpty }
  }

  @Test func linearTicksAreRound() {
    #expect(labels(0...1) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(labels(-7...13) == ["−5", "0", "5", "10"])
    #expect(
      labels(0.9995...1.0005, count: 4) == ["0.9996", "0.9998", "1.0000", "1.0002", "1.0004"])
    #expect(labels(1...4, isIntegral: true) == ["1", "2", "3", "4"])
    #expect(labels(0...3e7, count: 3) == ["0", "10⁷", "2×10⁷", "3×10⁷"])
    // Finer than the numbers' precision.
    #expect(labels(1e16...(1e16 + 4)).isEmpty)
  }

  @Test func logarithmicTicksArePowersOfTen() {
    #expect(labels(0.01...100, .logarithmic) == ["0.01", "0.1", "1", "10", "100"])
    #expect(labels(1e-8...1, .logarithmic, count: 4) == ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"])
    #expect(labels(1...20, .logarithmic) == ["1", "2", "5", "10", "20"])
    let ticks = PlotTick.ticks(1...100, spacing: .logarithmic)
    #expect(ticks.count == 19 && ticks.contains { $0.value == 30 && $0.label.isEmpty })
  }

  @Test func scales() {
    let linear = PlotScale(.linear, domain: 0...10, start: 100, end: 200)
    #expect(linear(5) == 150 && linear(20) == 300)
    let logarithmic = PlotScale(.logarithmic, domain: 1...100, start: 300, end: 100)
    #expect(abs(logarithmic(10) - 200) < 1e-9)
    #expect(logarithmic(0).isNaN && logarithmic(-1).isNaN)
  }

  /// A line's points lie where the axes' numbers say.
  @Test func pointsLieOnTheirPixels() throws {
    var plot = Plot(x: PlotAxis("x", range: 0...10), y: PlotAxis("y", range: 0...1))
    plot.add(PointMark([Point(0, 0), Point(10, 1), Point(5, 0.5), Point(11, 0)]))
    let file = try parse(plot.drawing().svg)
    let circles = file.elements.filter { $0.name == "circle" }
    // The one beyond the axis is not drawn.
    #expect(circles.count == 3)
    let x = circles.compactMap { $0.attributes["cx"].flatMap(Double.init) }
    let y = circles.compactMap { $0.attributes["cy"].flatMap(Double.init) }
    #expect(abs(x[2] - (x[0] + x[1]) / 2) < 0.02 && abs(y[2] - (y[0] + y[1]) / 2) < 0.02)
    #expect(x[0] < x[1] && y[0] > y[1])
  }

  @Test func theLegendNamesWhatHasAName() throws {
    var plot = Plot("t", x: PlotAxis("epoch"), y: PlotAxis("loss"))
    plot.add(LineMark([1, 2], name: "training & more"))
    plot.add(LineMark([2, 1]))
    let texts = try parse(plot.drawing().svg).texts("text")
    for text in ["t", "epoch", "loss", "training & more"] { #expect(texts.contains(text)) }
  }

  @Test func contoursOfABowlAreCircles() throws {
    let grid = try #require(Samples.grid({ $0.x * $0.x + $0.y * $0.y }, size: 81))
    let lines = grid.contour(at: 0.49)
    #expect(lines.count == 1)
    let line = try #require(lines.first)
    #expect(line.first == line.last && line.count > 100)
    for point in line { #expect(abs(point.length - 0.7) < 1e-3) }
    #expect(grid.contour(at: 5).isEmpty)
  }

  /// A saddle has two open lines on either side of its middle's value.
  @Test func contoursOfASaddle() throws {
    let grid = try #require(Samples.grid({ $0.x * $0.y }, size: 20))
    for level in [-0.25, 0.25] {
      let lines = grid.contour(at: level)
      #expect(lines.count == 2)
      for line in lines {
        #expect(line.first != line.last)
        for point in line { #expect(abs(point.x * point.y - level) < 5e-3) }
      }
    }
  }

  @Test func contoursLeaveOutWhatIsNotKnown() throws {
    let grid = try #require(Samples.grid { $0.x < 0 ? .nan : $0.x + $0.y })
    let points = grid.contour(at: 0).joined()
    #expect(!points.isEmpty && points.allSatisfy { $0.isFinite && $0.x >= 0 })
  }

  @Test func levels() throws {
    let grid = try #require(Samples.grid { $0.x + 1 })
    #expect(grid.extremes == 0...2)
    #expect(grid.levels(3) == [0.5, 1, 1.5])
    let low = grid.levels(3, .logarithmic)
    #expect(low.count == 3 && low[0] < 0.01 && low == low.sorted())
    #expect(try #require(Samples.grid { _ in 4 }).levels(3).isEmpty)
    #expect(FunctionGrid(x: 0...1, y: 0...1, columns: 2, rows: 2, values: [1]) == nil)
  }

  /// Rows are what examples are; what is right is told from what is wrong by its colour.
  @Test func confusionMatrix() throws {
    let grid = CellGrid.confusion([[9, 1], [0, 10]], classes: ["cat", "dog"])
    #expect(grid.cells.map { $0.map(\.text) } == [["9", "1"], ["·", "10"]])
    let (right, wrong) = (grid.cells[0][0].fill, grid.cells[0][1].fill)
    #expect(right.blue > right.red && wrong.red > wrong.blue)
    let texts = try parse(grid.drawing().svg).texts("text")
    #expect(texts.filter { $0 == "cat" }.count == 2 && texts.contains("predicted"))
  }

  @Test func layersAreSideBySide() throws {
    var diagram = Diagram()
    diagram.addLayers([[.init("a"), .init("b")], [.init("c")]])
    let centers = Dictionary(
      uniqueKeysWithValues: diagram.items.map { ($0.id, $0.center) })
    let (a, b) = (try #require(centers["a"]), try #require(centers["b"]))
    let c = try #require(centers["c"])
    #expect(a.x == b.x && a.x < c.x && a.y < b.y)
    #expect(abs(c.y - (a.y + b.y) / 2) < 1e-9)
  }
}
