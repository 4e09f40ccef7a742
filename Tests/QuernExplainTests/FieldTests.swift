import QuernErrors
import QuernExecution
import QuernExplain
import QuernGraph
import QuernLayers
import Testing

private typealias StackItem = LayerStack.Item

@Suite struct FieldTests {
  // MARK: Notation

  @Test func stacks() throws {
    let stack = try LayerStack(parsing: "conv3, conv5/2,conv3:4 ,pool2,pool3/2,avg2,2*conv1/3:2")
    #expect(
      stack.items == [
        StackItem(.conv, 3), StackItem(.conv, 5, stride: 2), StackItem(.conv, 3, dilation: 4),
        StackItem(.pool, 2),
        StackItem(.pool, 3, stride: 2), StackItem(.avg, 2),
        StackItem(.conv, 1, stride: 3, dilation: 2),
        StackItem(.conv, 1, stride: 3, dilation: 2),
      ])
  }

  @Test(arguments: [
    "", "conv", "conv3,", "dense3", "conv0", "conv3/", "conv3/0", "conv3x2", "pool2:2", "0*conv3",
    "-1*conv3", "99999*conv3", "128*conv3,conv3", "conv9999999999999999999", "conv3:-1",
  ])
  func stacksThatCannotBeRead(_ text: String) {
    let error = #expect(throws: QuernError.self) { try LayerStack(parsing: text) }
    #expect(error?.place.hasPrefix("stack item") == true)
  }

  // MARK: Composed

  /// The lecture: 3 → 5 → 7, 5 → 9 → 13, and 7 after two layers with strides.
  @Test func theLecturesStacks() throws {
    func sizes(_ size: Int, _ item: LayerStack.Item) throws -> [Int] {
      try FieldGrowth(toSee: size) { _ in item }.fields.map(\.size)
    }
    #expect(try sizes(7, StackItem(.conv, 3)) == [3, 5, 7])
    #expect(try sizes(13, StackItem(.conv, 5)) == [5, 9, 13])
    #expect(try sizes(7, StackItem(.conv, 3, stride: 2)) == [3, 7])
    #expect(try sizes(1, StackItem(.conv, 3)) == [])
  }

  /// 3×3 layers for a picture of 512×512: each adds 2 to 1.
  @Test func layersForALargePicture() throws {
    let plain = try FieldGrowth(toSee: 512) { _ in StackItem(.conv, 3) }
    #expect(plain.layers == 256 && plain.size == 513)
    #expect(try FieldGrowth(toSee: 512) { _ in StackItem(.conv, 5) }.layers == 128)
    let strided = try FieldGrowth(toSee: 512) { _ in StackItem(.conv, 3, stride: 2) }
    #expect(strided.layers == 9 && strided.size == 1023)
    #expect(throws: QuernError.self) { try FieldGrowth(toSee: 2) { _ in StackItem(.conv, 1) } }
    #expect(throws: QuernError.self) { try FieldGrowth(toSee: 0) { _ in StackItem(.conv, 3) } }
  }

  /// Fields composed layer by layer are those of the whole network's graph.
  @Test(arguments: [
    "3*conv3", "3*conv5", "conv3/2,conv3,conv3/2", "conv3,pool2,conv3:3,avg3/2,conv5",
    "pool3/2,conv3/3:2,conv1",
  ])
  func composedFieldsAreThoseOfTheGraph(_ text: String) throws {
    let stack = try LayerStack(parsing: text)
    let summary = try stack.network(size: 96).summary()
    var number = 0
    let growth = try FieldGrowth(toSee: summary.layers.last?.receptiveField?[0].size ?? 0) { _ in
      defer { number += 1 }
      return stack.items[min(number, stack.items.count - 1)]
    }
    let whole = summary.layers.compactMap { $0.receptiveField?[0] }
    #expect(whole.count == stack.items.count)
    for (composed, field) in zip(growth.fields, whole) {
      #expect(composed.size == field.size && composed.jump == field.jump)
    }
  }

  // MARK: Measured

  private static let measuredStacks = [
    "conv3", "2*conv3", "3*conv3", "conv5", "2*conv5", "3*conv5", "conv3/2,conv3",
    "conv3:2,conv3:3",
    "conv3,pool2,conv3,pool2", "avg2,conv3/2,pool3/2", "40*conv3",
  ]

  /// Pixels with a gradient are those that index maps say are seen, also at the border.
  @Test(arguments: measuredStacks)
  func measuredInStacks(_ text: String) throws {
    let network = try LayerStack(parsing: text).network(size: 30)
    let positions: [(y: Int, x: Int)?] = [nil, (0, 0), (1, 2)]
    for position in positions {
      let field = try MeasuredField(network, position: position, ExecutionOptions())
      #expect(field.agrees, "\(field.composedRows) \(field.measuredRows)")
      #expect(field.fillsItsBox)
      #expect(field.weights.count { $0 > 0 } == field.measuredPixels)
      #expect(field.measuredPixels > 0)
    }
  }

  @Test func theLecturesStacksMeasured() throws {
    let sizes: KeyValuePairs<String, Int> = [
      "conv3": 3, "2*conv3": 5, "3*conv3": 7, "conv5": 5, "2*conv5": 9, "3*conv5": 13,
      "2*conv3/2": 7,
    ]
    for (text, size) in sizes {
      let field = try MeasuredField(
        LayerStack(parsing: text).network(size: 31), ExecutionOptions())
      #expect(field.measuredRows.count == size && field.measuredColumns.count == size, "\(text)")
    }
  }

  @Test(arguments: [BuiltInModel.digitsConv, .lenet, .resnet8])
  func measuredInModels(_ model: BuiltInModel) throws {
    let network = model.network()
    let field = try MeasuredField(network, ExecutionOptions(threads: 2))
    #expect(field.agrees, "\(field)")
    for layer in try network.summary().layers where layer.outputShape.count == 3 {
      let field = try MeasuredField(
        network, layer: layer.name, position: (y: 1, x: 0), ExecutionOptions())
      #expect(field.agrees, "\(layer.name): \(field.composedRows) \(field.measuredRows)")
    }
  }

  /// Branches of other shapes leave pixels of their box out.
  @Test func branches() throws {
    let network = Network("cross", input: .picture(height: 9, width: 9, channels: 1)) {
      Concat {
        Conv2D(2, kernel: .init(height: 5, width: 1), padding: .same)
        Conv2D(2, kernel: .init(height: 1, width: 5), padding: .same)
      }
    }
    let field = try MeasuredField(network, ExecutionOptions())
    #expect(field.agrees && !field.fillsItsBox)
    #expect(field.measuredPixels == 9 && field.measuredRows == [2, 3, 4, 5, 6])
  }

  @Test func layersAndPositionsThatAreNotThere() {
    func error(_ network: Network, layer: String? = nil, _ position: (Int, Int)? = nil)
      -> QuernError?
    {
      #expect(throws: QuernError.self) {
        try MeasuredField(network, layer: layer, position: position, ExecutionOptions())
      }
    }
    let lenet = BuiltInModel.lenet.network()
    #expect(error(lenet, layer: "conv9")?.remedy.contains("conv1, relu1, maxPool1") == true)
    #expect(error(lenet, layer: "dense1") != nil)
    #expect(error(lenet, layer: "conv2", (14, 0))?.remedy.contains("below 14") == true)
    #expect(error(lenet, (0, -1)) != nil)
    #expect(error(BuiltInModel.fc.network())?.problem.contains("784") == true)
  }
}
