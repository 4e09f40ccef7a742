import ArgumentParser
import Quern

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Train the example on the embedded digits, then compare interpreter and kernels.")

  @OptionGroup var execution: ExecutionArguments

  /// The accuracy that the example has to reach on the test set.
  private static let goal = 0.975

  func run() throws {
    let model = BuiltInModel.digitsConv
    let network = model.network()
    let recipe = Recipe(model)
    let options = try execution.options()
    print(try network.summary())
    let sets = try DataSource.digits.load()
    print(
      "\ntraining on \(Numbers.grouped(sets.training.count)) real digits, testing on "
        + "\(Numbers.grouped(sets.test.count)); \(options.summary)\n")
    let trainer = try Trainer(
      network, training: DataArguments.fit(sets.training, to: network, recipe),
      evaluation: DataArguments.fit(sets.test, to: network, recipe),
      settings: Trainer.Settings(
        batchSize: recipe.batch, learningRate: recipe.learningRate,
        optimizer: recipe.optimizer.make(momentum: nil, weightDecay: nil), execution: options))
    let session = TrainingSession(trainer, epochs: recipe.epochs, evaluationName: "test")
    Interrupt.install()
    if try session.run() == .interrupted { throw ExitCode(130) }
    let result = try trainer.evaluate(DataArguments.fit(sets.test, to: network, recipe))
    print("\ntest accuracy \(Numbers.percent(result.accuracy, 2))\n")
    guard result.accuracy >= Self.goal else {
      throw Failure(
        "the example reached \(Numbers.percent(result.accuracy, 2)) on the test set; expected at "
          + "least \(Numbers.percent(Self.goal))")
    }

    let variants = Benchmark.allVariants(threads: options.threads)
    let results = try Benchmark(
      workload: Workload(network: network, kind: .train, batch: 128), variants: variants,
      seconds: 2
    ).run(limits: .measure(threads: options.threads))
    Benchmark.table(results).print()
  }
}
