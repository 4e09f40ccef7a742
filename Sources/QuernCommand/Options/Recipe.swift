import Quern

/// How a built-in model is trained unless options say otherwise.
struct Recipe {
  var data: String
  var epochs: Int
  var batch = 128
  var optimizer: OptimizerName = .momentum
  var learningRate: Double
  var schedule: LearningRateSchedule = .constant
  /// What pixels from black to white become.
  var pixels: ClosedRange<Float> = 0...1
  var deformation: Deformation?
  /// Whether epochs are evaluated on the training set as it is, beside the test set.
  var validatesOnTrainingSet = false

  init(_ model: BuiltInModel) {
    switch model {
    case .digitsConv:
      (data, epochs, learningRate) = ("digits", 20, 0.05)
      batch = 32
      schedule = .cosine(epochs: 20)
    case .fc: (data, epochs, learningRate) = ("fashion-mnist", 10, 0.1)
    case .ciresan1, .ciresan2, .ciresan3, .ciresan4, .ciresan5:
      (data, epochs, learningRate) = ("fashion-mnist", 20, 0.01)
      schedule = .exponential(factor: 0.9)
      pixels = -1...1
    case .lenet: (data, epochs, learningRate) = ("fashion-mnist", 5, 0.05)
    case .vgg: (data, epochs, learningRate) = ("fashion-mnist", 5, 0.02)
    case .resnet8:
      (data, epochs, learningRate) = ("fashion-mnist", 10, 0.05)
      schedule = .cosine(epochs: 10)
    }
  }

  /// The schedule for a run of so many epochs: a cosine ends where the run does.
  func schedule(epochs: Int?) -> LearningRateSchedule {
    if case .cosine(_, let floor) = schedule, let epochs {
      .cosine(epochs: epochs, floor: floor)
    } else {
      schedule
    }
  }
}
