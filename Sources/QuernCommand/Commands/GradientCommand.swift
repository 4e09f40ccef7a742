import ArgumentParser
import Quern

struct GradientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradient",
    abstract: "Compute loss and gradients of one batch, for checking against other systems.",
    discussion: """
      The batch file holds "input", float32: pictures (N, H, W, C) or features (N, F); and \
      "labels", int32 or int64 (N). The output holds "loss", a scalar, and for each parameter its \
      gradient under the parameter's name, float32: Dense weights (inputs, outputs), convolution \
      filters (kernel height, kernel width, channels, filters). Layers behave as in training.
      """)

  @OptionGroup var model: ModelArguments

  @Option(help: "A checkpoint, or any safetensors file with the model's weights.")
  var weights: String

  @Option(help: "A safetensors file with \"input\" and \"labels\".")
  var batch: String

  @Option(help: "The safetensors file to write.")
  var output: String

  @OptionGroup var execution: ExecutionArguments

  func run() throws {
    let network = try model.network()
    try Files.checkDistinct([("--weights", weights), ("--output", output)])
    try Files.checkDistinct([("--batch", batch), ("--output", output)])
    try Files.checkWritable(output)
    let checkpoint = try Checkpoint(contentsOf: weights)
    let file = try Safetensors(contentsOf: batch)
    let labels = try labels(file)
    let step = try GradientStep(network, batchSize: max(labels.count, 1))
    let input = try file.tensor(
      Network.inputName, shape: [step.batchSize] + network.input.extents, of: [.float32])
    try checkpoint.check(parametersOf: network)

    let executable = try execution.options().makeExecutable(step.graph)
    try network.initialWeights(seed: 1).copy(to: executable)
    try checkpoint.weights.copy(to: executable)
    try executable.write(Network.inputName, input.values(of: Float.self))
    try executable.write(step.targetName, labels)
    try executable.write(
      Network.exampleWeightName, [Float](repeating: 1, count: step.batchSize))
    try executable.run()

    var result = Safetensors()
    result.tensors["loss"] = try .init(executable.floats(StepOutput.loss), shape: [])
    for parameter in step.parameters {
      result.tensors[parameter.name] = try .init(
        executable.floats(GradientStep.output(of: parameter.name)),
        shape: parameter.shape.extents)
    }
    try result.write(to: output)
    print(
      "loss \(try executable.floats(StepOutput.loss)[0]); gradients of "
        + "\(step.parameters.count) parameters in \(output)")
  }

  private func labels(_ file: Safetensors) throws -> [Int32] {
    let tensor = try file.tensor("labels", of: [.int32, .int64])
    let values: [Int] =
      tensor.elementType == .int64
      ? try tensor.values(of: Int64.self).map { Int($0) }
      : try tensor.values(of: Int32.self).map { Int($0) }
    guard !values.isEmpty, tensor.shape.count == 1 else {
      throw Failure("\(batch): labels of shape \(tensor.shape); give one for each of N examples")
    }
    let classes = try EvaluationStep(model.network(), batchSize: 1).outputShape.elementCount
    if let place = values.firstIndex(where: { !(0..<classes).contains($0) }) {
      throw Failure(
        "\(batch): label \(values[place]) of example \(place); give labels of 0 … \(classes - 1)")
    }
    return values.map { Int32($0) }
  }
}
