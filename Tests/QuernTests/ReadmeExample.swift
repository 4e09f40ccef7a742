import Quern

func readsDigits() throws -> Double {
  // Describe: shapes are checked as the network is built; errors name the layer.
  let network = Network("my-digits", input: .picture(height: 8, width: 8, channels: 1)) {
    Conv2D(16, kernel: 3, padding: .same)
    ReLU()
    MaxPool(2)
    Flatten()
    Dense(64)
    ReLU()
    Dense(10)
  }

  // Train: the whole step, gradients and updates included, is compiled in milliseconds.
  let data = try DataSource.digits.load()
  let trainer = try Trainer(
    network, training: data.training, evaluation: data.test,
    settings: Trainer.Settings(batchSize: 32, learningRate: 0.05, optimizer: Momentum()))
  try trainer.train(epochs: 8) { print($0) }

  // Save, load, predict.
  try trainer.model().save(to: "digits.safetensors")
  let model = try Model(network, contentsOf: "digits.safetensors")
  let picture = try data.test.picture(0)
  print("predicted \(try model.predict(picture)[0]), actual \(data.test.labels[0])")
  return try model.evaluate(data.test).accuracy
}
