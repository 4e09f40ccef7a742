import Quern

let walk = Network("walk", input: .picture(height: 8, width: 8, channels: 1)) {
  Conv2D(16, kernel: 3, padding: .same)
  ReLU()
  Conv2D(32, kernel: 3, stride: 2, padding: .explicit(1))
  ReLU()
  Flatten()
  Dense(10)
}

/// Five steps on one batch of digits; the loss before each.
func walkSteps(_ target: Target = .best, threads: Int = 1) throws -> [Float] {
  let step = try TrainingStep(walk, optimizer: SGD(), batchSize: 32)
  let instance = try GraphInstance(step.graph, CompileOptions(target: target, threads: threads))
  let batch = try DataSource.digits.load().training.batch(Array(0..<32))
  try walk.initialWeights(seed: 1).copy(to: instance)
  try instance.write("input", batch.images)
  try instance.write("labels", batch.labels)
  try instance.write("exampleWeight", [Float](repeating: 1, count: 32))
  try instance.write("learningRate", [0.1])
  return try (0..<5).map { _ in
    instance.run()
    return try instance.floats("loss")[0]
  }
}
