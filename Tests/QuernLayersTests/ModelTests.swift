import QuernErrors
import QuernGraph
import QuernLayers
import Testing

@Suite struct ModelTests {
  private func parameterCount(_ model: BuiltInModel) throws -> Int {
    try model.network().parameters().reduce(0) { $0 + $1.shape.elementCount }
  }

  /// The lecture's counts, and those of table 1 of Cireşan et al. with biases.
  @Test(arguments: [
    (BuiltInModel.fc, 795_010), (.ciresan1, 1_347_510), (.ciresan2, 3_269_510),
    (.ciresan3, 6_692_010), (.ciresan4, 12_115_010), (.ciresan5, 8_860_010),
  ])
  func publishedParameterCounts(model: BuiltInModel, count: Int) throws {
    #expect(try parameterCount(model) == count)
  }

  @Test func lectureCountsEachLayer() throws {
    let rows = try BuiltInModel.fc.network().summary().layers
    #expect(rows.filter { $0.kind == "Dense" }.map(\.parameters) == [785_000, 10_010])
  }

  /// By the formula (kernel height · width · C + 1) · T for each layer.
  @Test(arguments: [
    (
      BuiltInModel.digitsConv,
      (9 * 1 + 1) * 32 + (9 * 32 + 1) * 32 + (9 * 32 + 1) * 64 + (4 * 4 * 64 + 1) * 128
        + (128 + 1) * 10
    ),
    (
      .lenet, (25 * 1 + 1) * 32 + (25 * 32 + 1) * 64 + (7 * 7 * 64 + 1) * 512 + (512 + 1) * 10
    ),
    (
      .vgg,
      (9 * 3 + 1) * 64 + (9 * 64 + 1) * 64 + (9 * 64 + 1) * 128 + (9 * 128 + 1) * 128
        + (9 * 128 + 1) * 256 + (9 * 256 + 1) * 256 + (4 * 4 * 256 + 1) * 512 + (512 + 1) * 10
    ),
    (
      .resnet8,
      // Convolutions without biases; a batch normalisation has two numbers a channel.
      9 * (16 + 16 * 16 * 2 + 16 * 32 + 32 * 32 + 32 * 64 + 64 * 64) + 16 * 32 + 32 * 64
        + 2 * (16 * 3 + 32 * 3 + 64 * 3) + (64 + 1) * 10
    ),
  ])
  func parameterCounts(model: BuiltInModel, count: Int) throws {
    #expect(try parameterCount(model) == count)
  }

  @Test(arguments: BuiltInModel.allCases, Mode.allCases)
  func buildsWithAnyBatch(model: BuiltInModel, mode: Mode) throws {
    for batch in [1, 3] {
      let builder = GraphBuilder()
      let built = try model.network().build(batch: batch, mode: mode, in: builder)
      #expect(built.output.shape == Shape([batch, 10]))
      let objective = try built.objective(.softmaxCrossEntropy())
      try builder.output("loss", objective.loss)
      try builder.graph.verify()
    }
  }

  @Test func parametersAreTheSameInBothModes() throws {
    let network = BuiltInModel.resnet8.network()
    let training = try network.build(batch: 4, mode: .training, in: GraphBuilder())
    let inference = try network.build(batch: 1, mode: .inference, in: GraphBuilder())
    #expect(training.parameters.map(\.name) == inference.parameters.map(\.name))
    #expect(training.parameters.map(\.shape) == inference.parameters.map(\.shape))
    #expect(training.state.map(\.name) == inference.state.map(\.name))
  }

  @Test func unknownModelListsThoseThereAre() {
    let error = #expect(throws: QuernError.self) { try BuiltInModel(named: "alexnet") }
    #expect(error?.description.contains("alexnet") == true)
    #expect(error?.remedy.contains("digits-conv, fc, ciresan-1") == true)
  }

  @Test func activationOfCiresan() throws {
    let paper = try BuiltInModel.ciresan1.network().summary().layers
    let relu = try BuiltInModel.ciresan1.network(activation: .relu).summary().layers
    #expect(paper.map(\.kind) == ["Dense", "ScaledTanh", "Dense", "ScaledTanh", "Dense"])
    #expect(relu.map(\.kind) == ["Dense", "ReLU", "Dense", "ReLU", "Dense"])
  }
}
