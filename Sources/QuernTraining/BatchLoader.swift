import QuernData
import QuernGraph

/// Writes the batches of a data set into the inputs of an executable.
///
/// A last batch that the data set does not fill is filled up with examples from the front of the
/// order, whose weight is zero: they count for nothing in loss, gradient and accuracy, and layers
/// that look at the whole batch (batch normalisation) still see real examples.
final class BatchLoader {
  let dataset: Dataset
  let batchSize: Int
  /// The order in which examples are taken; a permutation of all of them.
  var order: [Int]

  private var pictures: [Float]
  private var labels: [Int32]
  private var weights: [Float]

  init(_ dataset: Dataset, batchSize: Int) {
    self.dataset = dataset
    self.batchSize = batchSize
    order = Array(0..<dataset.count)
    pictures = Array(repeating: 0, count: batchSize * dataset.pictureSize)
    labels = Array(repeating: 0, count: batchSize)
    weights = Array(repeating: 1, count: batchSize)
  }

  /// Batches an epoch, the last, incomplete one included.
  var batchCount: Int { (dataset.count + batchSize - 1) / batchSize }

  /// The examples of a batch, without those it is filled up with.
  func examples(of batch: Int) -> ArraySlice<Int> {
    order[batch * batchSize..<min((batch + 1) * batchSize, dataset.count)]
  }

  /// Writes a batch, and returns how many of its examples count.
  @discardableResult
  func load(_ batch: Int, into executable: any Executable) throws -> Int {
    let examples = examples(of: batch)
    let count = examples.count
    if count == batchSize {
      copy(examples)
    } else {
      copy(Array(examples) + (count..<batchSize).map { order[($0 - count) % order.count] })
    }
    for place in weights.indices { weights[place] = place < count ? 1 : 0 }
    try executable.write(StepInput.input, pictures)
    try executable.write(StepInput.labels, labels)
    try executable.write(StepInput.exampleWeight, weights)
    return count
  }

  private func copy(_ examples: some RandomAccessCollection<Int>) {
    let indices = Array(examples)
    pictures.withUnsafeMutableBufferPointer { pictures in
      labels.withUnsafeMutableBufferPointer { labels in
        dataset.copyBatch(indices, into: pictures, labels: labels)
      }
    }
  }
}
