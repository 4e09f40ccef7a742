import QuernLayers
import QuernReport
import Testing

@Suite struct NetworkDiagramTests {
  @Test func chain() throws {
    let network = Network("n", input: .picture(height: 8, width: 8, channels: 1)) {
      Conv2D(4, kernel: 3, padding: .same)
      ReLU()
      MaxPool(2)
      Flatten()
      Dense(16)
      ReLU()
      Dropout(0.5)
      Dense(10)
    }
    let boxes = try NetworkDiagram(network).boxes
    #expect(
      boxes.map { $0.names.joined(separator: "+") } == [
        "input", "conv1+relu1", "maxPool1", "flatten1", "dense1+relu2+dropout1", "dense2",
      ])
    #expect(boxes.map(\.sources) == [[], [0], [1], [2], [3], [4]])
    #expect(boxes.map(\.depth) == [0, 1, 2, 3, 4, 5])
    #expect(boxes.map(\.shape) == [[8, 8, 1], [8, 8, 4], [4, 4, 4], [64], [16], [10]])
    #expect(boxes.map(\.parameters) == [0, 40, 0, 0, 64 * 16 + 16, 170])
  }

  /// A sum has two sources, and the one that passes the body by is an arrow of its own.
  @Test func branches() throws {
    let network = Network("n", input: .picture(height: 8, width: 8, channels: 4)) {
      Residual {
        Conv2D(4, kernel: 3, padding: .same)
        ReLU()
        Conv2D(4, kernel: 3, padding: .same)
      }
      ReLU()
      Residual {
        Conv2D(8, kernel: 1)
      } shortcut: {
        Conv2D(8, kernel: 1)
      }
    }
    let diagram = try NetworkDiagram(network)
    #expect(
      diagram.boxes.map(\.kind) == [
        "input", "Conv2D", "Conv2D", "Residual", "Conv2D", "Conv2D", "Residual",
      ])
    #expect(diagram.boxes.map(\.sources) == [[], [0], [1], [0, 2], [3], [3], [4, 5]])
    #expect(diagram.boxes[3].names == ["residual1", "relu1"])
    #expect(diagram.boxes[4].depth == diagram.boxes[5].depth)
    let arrows = diagram.diagram.arrows
    #expect(arrows.count == 8)
    #expect(arrows.filter { $0.bend != 0 }.map(\.to) == ["3"])
  }

  @Test(arguments: BuiltInModel.allCases) func builtIn(_ model: BuiltInModel) throws {
    let diagram = try NetworkDiagram(model.network())
    let summary = try model.network().summary()
    #expect(diagram.boxes.reduce(0) { $0 + $1.parameters } == summary.parameters)
    // Everything is read by something but the output, and only the input reads nothing.
    let read = Set(diagram.boxes.flatMap(\.sources))
    #expect(read == Set(0..<diagram.boxes.count - 1))
    #expect(diagram.boxes.dropFirst().allSatisfy { !$0.sources.isEmpty })
    #expect(diagram.diagram.items.count == diagram.boxes.count)
  }
}
