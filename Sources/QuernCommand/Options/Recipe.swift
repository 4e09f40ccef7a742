import Quern

/// How a built-in model is trained unless options say otherwise.
struct Recipe {
  var data: String
  var epochs: Int
  var batch = 128
  var optimizer: OptimizerName = .momentum
  var learningRate: LearningRate
  /// The values of black and white pixels.
  var pixels: ClosedRange<Float> = 0...1
  var deformation: Deformation?
  var validation: Trainer.Validation = .evaluationSet

  init(_ model: BuiltInModel) {
    switch model {
    case .digitsConv:
      (data, epochs, learningRate) = ("digits", 20, 0.05)
      batch = 32
      learningRate.schedule = .cosine(epochs: 20)
    case .fc: (data, epochs, learningRate) = ("fashion-mnist", 10, 0.1)
    case .ciresan1, .ciresan2, .ciresan3, .ciresan4, .ciresan5:
      (data, epochs, learningRate) = ("fashion-mnist", 20, 0.01)
      learningRate.schedule = .exponential(factor: 0.9)
      pixels = -1...1
    case .lenet: (data, epochs, learningRate) = ("fashion-mnist", 5, 0.05)
    case .vgg: (data, epochs, learningRate) = ("fashion-mnist", 5, 0.02)
    case .resnet8:
      (data, epochs, learningRate) = ("fashion-mnist", 10, 0.05)
      learningRate.schedule = .cosine(epochs: 10)
    }
  }

  /// The schedule for a run of so many epochs. A cosine ends with the run.
  func schedule(epochs: Int?) -> LearningRateSchedule {
    if case .cosine(_, let floor) = learningRate.schedule, let epochs {
      .cosine(epochs: epochs, floor: floor)
    } else {
      learningRate.schedule
    }
  }
}
