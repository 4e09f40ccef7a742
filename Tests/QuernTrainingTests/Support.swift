import QuernData
import QuernExecution
import QuernGraph
import QuernLayers
import QuernRandom
import QuernTraining
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Small networks and data, so that the interpreter trains them in no time.
enum Small {
  static let network = Network("small", input: .features(4)) {
    Dense(6)
    ReLU()
    Dense(3)
  }

  /// With all that is kept from step to step: running statistics, and dropout's counter.
  static let stateful = Network("stateful", input: .picture(height: 4, width: 4, channels: 1)) {
    Conv2D(3, kernel: 3, padding: .same)
    BatchNorm()
    ReLU()
    Dropout(0.25)
    MaxPool(2)
    Flatten()
    Dense(3)
  }

  /// Three classes told apart by where the features, or the picture's rows, are bright.
  static func data(count: Int, size: [Int], seed: UInt64 = 7) throws -> Dataset {
    var generator = SeededGenerator(seed: seed)
    let pixels = size.reduce(1, *)
    var values: [Float] = []
    var labels: [Int] = []
    for _ in 0..<count {
      let label = generator.nextIndex(below: 3)
      labels.append(label)
      for pixel in 0..<pixels {
        let noise = Float(generator.next() >> 40) * 0x1p-24
        values.append(noise * 0.3 + (pixel * 4 / pixels == label ? 1 : 0))
      }
    }
    return try Dataset(
      name: "small data", images: values, shape: [count] + size, labels: labels, classCount: 3)
  }

  static func settings(
    batch: Int = 8, rate: Double = 0.1, optimizer: any Optimizer = Momentum()
  ) -> Trainer.Settings {
    Trainer.Settings(
      batchSize: batch, learningRate: LearningRate(rate), optimizer: optimizer,
      execution: ExecutionOptions(backend: .interpreter))
  }
}

/// The description of the error that the body throws.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch { return "\(error)" }
}
