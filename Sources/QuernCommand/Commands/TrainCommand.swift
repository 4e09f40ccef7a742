import ArgumentParser
import Quern
import QuernConcurrency

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a model and print the test error after each epoch.",
    discussion: """
      With --load or --resume, training goes on where the file left it; options that are not given \
      are taken from there, the data set too, but for those of execution and for files to write. A \
      cosine that was to end with the run is stretched to another number of --epochs. A run that is \
      stopped (Ctrl-C) or killed, and resumed, ends with the same bits as one that was not. A second Ctrl-C quits at once.

      With --stop, training may end before its epochs do. Measured after each epoch: for parameters \
      the norm of the change of all parameters over the epoch; for gradient the norm of the gradient \
      of the mean loss over the whole training set, not deformed, which takes about as long as the \
      epoch; for validation the error on the share that --validation sets apart, with --recipe paper \
      on the training set before it is deformed, or else on the test set, which then no longer tells \
      how well the model does on pictures it was not chosen by. Patience counts epochs; the weights \
      of the best epoch are those saved and tested.

      Examples:
        quern train lenet --data fashion-mnist --save lenet.safetensors
        quern train lenet --validation 0.1 --stop validation --patience 3 --epochs 50
        quern train ciresan-1 --recipe paper --data mnist --checkpoint c1.st --resume
        quern train lenet --data mnist --deform elastic:4:34,rotation:10 --epochs 20
      """)

  @OptionGroup var model: ModelArguments
  @OptionGroup var data: DataArguments
  @OptionGroup var recipes: RecipeArguments

  @Option(
    parsing: .unconditional,
    help:
      "Epochs in all, those of a resumed run's past included. (default: the file's, or recipe's)"
  )
  var epochs: Int?

  @Option(parsing: .unconditional, help: "Examples a step. (default: the model's, as a rule 128)")
  var batch: Int?

  @Option(
    parsing: .unconditional, help: "The learning rate before the schedule. (default: the model's)")
  var learningRate: Double?

  @Option(help: "sgd, momentum, nesterov, adam or adamw. (default: the model's)")
  var optimizer: OptimizerName?

  @Option(
    parsing: .unconditional,
    help: "The share of the velocity that remains, for momentum and nesterov.")
  var momentum: Double?

  @Option(parsing: .unconditional, help: "Weight decay. (default: 0; adamw: 0.01)")
  var weightDecay: Double?

  @Option(
    help: ArgumentHelp(
      "constant, step:EPOCHS:FACTOR, exponential:FACTOR, cosine:EPOCHS[:FLOOR].",
      discussion: "'warm-up:STEPS,' may stand before it. (default: the model's)"))
  var schedule: LearningRateSchedule?

  @Option(parsing: .unconditional, help: "Scale gradients down where their norm is larger.")
  var clip: Double?

  @Option(
    parsing: .unconditional, help: "Add this · Σ|w| over the weights to the loss. (default: 0)")
  var l1: Double?

  @Option(
    parsing: .unconditional, help: "Add this / 2 · Σw² over the weights to the loss. (default: 0)")
  var l2: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Set this share of the training set apart, and evaluate on it after each epoch.",
      discussion: "0 undoes what the file of --load says."))
  var validation: Double?

  @OptionGroup var stopping: StopArguments

  @Option(
    parsing: .unconditional,
    help: "Decides initial weights, shuffling, deformations and dropout. (default: 1)")
  var seed: UInt64?

  @OptionGroup var checkpoints: CheckpointArguments

  @Option(help: "Write a checkpoint here at the end, or when interrupted.")
  var save: String?

  @Option(help: "Go on from this checkpoint, or start from these weights.")
  var load: String?

  @Option(help: "Write a JSON line here for each step and epoch.")
  var log: String?

  @OptionGroup var reports: ReportArguments
  @OptionGroup var execution: ExecutionArguments

  func run() throws {
    let builtIn = try model.builtIn()
    let network = try model.network()
    let resumed = try checkpoints.past()
    let checkpoint = try resumed ?? load.map { try Checkpoint(contentsOf: $0) }
    let past = checkpoint?.training
    let recipe = try recipes.recipe(
      builtIn, epochs: epochs ?? past?.epochCount, batch: batch ?? past?.settings.batchSize)
    try checkFiles()
    try reports.prepare()
    let settings = try settings(recipe, past)
    let stoppingRule = try stopping.rule(past: past?.stopping?.rule)
    let epochs = epochs ?? past?.epochCount ?? recipe.epochs
    guard epochs > 0 else { throw Failure("--epochs is \(epochs); give at least 1") }
    if let validation, !(0 <= validation && validation < 1) {
      throw Failure("--validation is \(validation); give a share of at least 0 and below 1")
    }

    let (trainer, test) = try trainer(
      network, data.source(recipe, past: past), settings, recipe)
    if let checkpoint { try trainer.restore(checkpoint) }
    if stoppingRule != nil || trainer.stopping != nil { try trainer.stop(by: stoppingRule) }
    // Installed before anything is printed: who sees that the run has begun may press Ctrl-C.
    Interrupt.install()
    try announce(
      trainer, epochs: epochs, test: test, from: checkpoint,
      named: resumed == nil ? load : checkpoints.checkpoint)

    let writer = checkpoints.writer(trainer)
    let evaluationName = settings.validation == .evaluationSet ? "test" : "validation"
    let recorder = try reports.recorder(trainer, evaluationName: evaluationName)
    let session = TrainingSession(
      trainer, epochs: epochs, evaluationName: evaluationName,
      log: try log.map { try TrainingLog(path: $0, mode: past == nil ? .overwrite : .append) },
      writer: writer, recorder: recorder)
    let outcome = try session.run()

    let (saved, areAllWritten) = writeFiles(trainer, outcome, writer, recorder, test: test)
    if outcome == .interrupted {
      Terminal.complain("quern: " + farewell(trainer.position))
      throw ExitCode(Interrupt.isBrokenPipe ? 141 : 130)
    }
    try printResults(trainer, outcome, test: test)
    for path in saved { print("saved \(path)") }
    if !(session.isComplete && areAllWritten) { throw ExitCode.failure }
  }

  /// Makes the trainer. The data are read while the step is compiled, since neither needs the other.
  private func trainer(
    _ network: Network, _ source: DataSource, _ settings: Trainer.Settings, _ recipe: Recipe
  ) throws -> (Trainer, test: Dataset) {
    let trainingSet = Background { try source.trainingSet() }
    let testSet = Background { try source.testSet() }
    let preparation = try Trainer.Preparation(network, settings: settings)
    let training = try DataArguments.fit(trainingSet.value(), to: network, recipe)
    let test = try DataArguments.fit(testSet.value(), to: network, recipe)
    let trainer = try Trainer(preparation, training: training, evaluation: test)
    trainer.dataName = DataArguments.name(source)
    return (trainer, test)
  }

  /// Writes the run's files. Where one cannot be written, the others still are.
  ///
  /// - Returns: the checkpoints that were written, and whether all files could be written.
  private func writeFiles(
    _ trainer: Trainer, _ outcome: Trainer.Outcome, _ writer: CheckpointWriter?,
    _ recorder: RunRecorder?, test: Dataset
  ) -> (checkpoints: [String], areAllWritten: Bool) {
    var areAllWritten = true
    func attempt(_ work: () throws -> Void) -> Bool {
      do { try work() } catch {
        Terminal.complain("quern: \(error)")
        areAllWritten = false
        return false
      }
      return true
    }
    let isSaved = save.map { path in attempt { try trainer.checkpoint().write(to: path) } }
    let isKept = writer.map { writer in attempt { try writer.finish() } }
    _ = attempt { try recorder?.finish(outcome, test: test) }
    let files = [(checkpoints.checkpoint, isKept), (save, isSaved)]
    return (files.compactMap { path, isWritten in isWritten == true ? path : nil }, areAllWritten)
  }

  private func printResults(
    _ trainer: Trainer, _ outcome: Trainer.Outcome, test: Dataset
  ) throws {
    if let line = TrainingStop.line(trainer, outcome) { print(line) }
    if let best = trainer.bestEpochs { print(TrainingSession.line(best)) }
    if case .share = trainer.settings.validation {
      let result = try trainer.evaluate(test)
      print(
        "test loss \(Numbers.fixed(result.loss, 4)), test error "
          + Numbers.percent(result.errorRate, 2))
    }
  }

  /// The last line about an interrupted run: where it stopped, and how to go on with it.
  private func farewell(_ position: TrainingPosition) -> String {
    let text =
      "interrupted after step \(position.step) (epoch \(position.epoch + 1), step "
      + "\(position.stepInEpoch)); "
    if let path = checkpoints.checkpoint {
      return text + "saved \(path); go on with the same command"
        + (checkpoints.resume ? "" : " and --resume")
    }
    if let save {
      return text + "saved; go on with the same command and --load \(save)"
    }
    return text + "nothing saved: give --checkpoint or --save to be able to go on"
  }

  /// The checkpoint's schedule, for the number of epochs that is asked for.
  private func pastSchedule(_ state: TrainingState?) -> LearningRateSchedule? {
    let schedule = state?.settings.learningRate.schedule
    guard let past = state?.epochCount, let epochs else { return schedule }
    return schedule?.stretched(from: past, to: epochs)
  }

  /// Checks that no file is written twice, and that none is written that is read, since its contents
  /// would be lost. Only `--save` may name the file of `--load`.
  private func checkFiles() throws {
    if let save { try Files.checkWritable(save) }
    if let log { try Files.checkWritable(log) }
    var outputs: [(option: String, path: String?)] = [
      ("--save", save), ("--checkpoint", checkpoints.checkpoint), ("--log", log),
    ]
    outputs += reports.files.map { ("--report", $0) }
    try Files.checkDistinct(outputs)
    try Files.checkDistinct([("--load", load)] + outputs.filter { $0.option != "--save" })
  }

  /// The options that are given. For others the checkpoint's setting, else the recipe's.
  private func settings(_ recipe: Recipe, _ state: TrainingState?) throws -> Trainer.Settings {
    var optimizer = optimizer ?? recipe.optimizer
    if self.optimizer == nil, let name = state?.optimizer.name {
      guard let known = OptimizerName(rawValue: name) else {
        throw Failure(
          "\(load ?? checkpoints.checkpoint ?? ""): unknown optimizer \(name); give --optimizer")
      }
      optimizer = known
    }
    guard momentum == nil || optimizer.hasMomentum else {
      throw Failure(
        "--momentum is for the optimizers momentum and nesterov, not \(optimizer.rawValue): leave it "
          + "out, or give --optimizer momentum")
    }
    let pastOptimizer =
      optimizer.rawValue == state?.optimizer.name ? state?.optimizer.settings : nil
    let past = state?.settings
    let rate =
      past?.learningRate.base
      ?? (optimizer == recipe.optimizer ? recipe.learningRate.base : optimizer.learningRate)
    return Trainer.Settings(
      batchSize: batch ?? past?.batchSize ?? recipe.batch,
      learningRate: LearningRate(
        learningRate ?? rate,
        schedule: schedule ?? pastSchedule(state) ?? recipe.schedule(epochs: epochs)),
      optimizer: optimizer.make(
        momentum: momentum ?? pastOptimizer?["momentum"],
        weightDecay: weightDecay ?? pastOptimizer?["weightDecay"]),
      gradientNormLimit: clip ?? past?.gradientNormLimit,
      regularisation: Regularisation(
        l1: l1 ?? past?.regularisation.l1 ?? 0, l2: l2 ?? past?.regularisation.l2 ?? 0),
      validation: validation.map { $0 == 0 ? .evaluationSet : .share($0) }
        ?? past?.validation ?? recipe.validation,
      deformation: try recipes.deformation(recipe, state), seed: seed ?? past?.seed ?? 1,
      execution: try execution.options())
  }

  private func announce(
    _ trainer: Trainer, epochs: Int, test: Dataset, from checkpoint: Checkpoint?,
    named name: String?
  ) throws {
    let settings = trainer.settings
    print(
      "\(trainer.network.name): \(Numbers.grouped(try trainer.network.summary().parameters)) "
        + "parameters; \(Numbers.grouped(trainer.training.count)) training and "
        + "\(Numbers.grouped(test.count)) test pictures")
    print(
      "\(settings.optimizer.name), learning rate \(settings.learningRate.base) "
        + "(\(settings.learningRate.schedule)), batch \(settings.batchSize), seed \(settings.seed), \(settings.execution.summary)"
        + (trainer.executable.compileSeconds.map { ", compiled in \(Numbers.seconds($0))" } ?? ""))
    if let deformation = settings.deformation { print("deformed anew each epoch: \(deformation)") }
    if let rule = trainer.stopping?.rule { print("ends early when: \(rule)") }
    if let name, let checkpoint {
      let position = trainer.position
      print(
        checkpoint.training == nil
          ? "weights from \(name)"
          : position.epoch >= epochs
            ? "\(name): all \(position.epoch) epochs are done; --epochs with more goes on"
            : "going on from \(name): epoch \(position.epoch + 1), step \(position.stepInEpoch)")
      if let training = checkpoint.training, training.numericsVersion != Numerics.version {
        print(
          "\(name) is of another version of Quern, which adds sums in another order: what follows "
            + "differs in its last bits from an uninterrupted run")
      }
    } else if checkpoints.resume {
      print("no \(checkpoints.checkpoint ?? "checkpoint") yet: beginning afresh")
    }
    // Those who read the output through a pipe see at once what the run is.
    Terminal.flush()
  }
}
