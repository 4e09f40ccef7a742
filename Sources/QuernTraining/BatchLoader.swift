import QuernAugmentation
import QuernData
import QuernErrors
import QuernGraph
import QuernLayers

/// Writes the batches of a data set into the inputs of an executable.
///
/// A last batch that the data set does not fill is filled up with examples from the front of the
/// order, whose weight is zero: they count for nothing in loss, gradient and accuracy.
///
/// The loss's target is either a label an example, `int32` (N), or, for losses that compare
/// numbers, 1 for the example's class and 0 elsewhere, `float32` (N, K).
package final class BatchLoader {
  package let dataset: Dataset
  package let batchSize: Int
  /// The order in which examples are taken; a permutation of all of them.
  package var order: [Int]
  /// Where the pictures come from instead, if they are deformed.
  package var deformed: DeformedBatches?

  private let targetName: String
  /// K where the target is one-hot, nil where it is a label.
  private let oneHotCount: Int?
  private var pictures: [Float]
  private var labels: [Int32]
  private var weights: [Float]

  /// - Parameter graph: that of the executables to write into.
  /// - Throws: `QuernError` where the loss's target is neither labels nor one-hot rows.
  package init(
    _ dataset: Dataset, batchSize: Int, targetName: String, in graph: Graph
  ) throws(QuernError) {
    self.dataset = dataset
    self.batchSize = batchSize
    self.targetName = targetName
    guard let target = graph.input(named: targetName) else {
      throw QuernError(
        targetName, "the graph has no such input", remedy: "declare the loss's target")
    }
    let type = graph[target].type
    switch (type.element, type.shape.extents) {
    case (.int32, [batchSize]): oneHotCount = nil
    case (.float32, let extents) where extents.count == 2 && extents[1] >= dataset.classCount:
      oneHotCount = extents[1]
    default:
      throw QuernError(
        targetName, "its type is \(type) for a data set of \(dataset.classCount) classes",
        remedy: "use labels, int32 [\(batchSize)], or float32 [\(batchSize), classes]")
    }
    order = Array(0..<dataset.count)
    pictures = Array(repeating: 0, count: batchSize * dataset.pictureSize)
    labels = Array(repeating: 0, count: batchSize)
    weights = Array(repeating: 1, count: batchSize)
  }

  /// Begins an epoch.
  ///
  /// - Parameters:
  ///   - epoch: counted from 0.
  ///   - batch: the first that is wanted.
  package func begin(epoch: Int, order: [Int], batch: Int) {
    self.order = order
    deformed?.begin(epoch: epoch, order: order, batch: batch)
  }

  /// Batches an epoch, the last, incomplete one included.
  package var batchCount: Int { (dataset.count + batchSize - 1) / batchSize }

  /// The examples of a batch, without those it is filled up with.
  package func examples(of batch: Int) -> ArraySlice<Int> {
    order[batch * batchSize..<min((batch + 1) * batchSize, dataset.count)]
  }

  /// Writes a batch, and returns how many of its examples count.
  @discardableResult
  package func load(_ batch: Int, into executable: any Executable) throws -> Int {
    let examples = examples(of: batch)
    let count = examples.count
    if count == batchSize {
      copy(examples, batch: batch)
    } else {
      copy(
        examples + (count..<batchSize).map { order[($0 - count) % order.count] }, batch: batch)
    }
    for place in weights.indices { weights[place] = place < count ? 1 : 0 }
    try executable.write(Network.inputName, pictures)
    try executable.write(Network.exampleWeightName, weights)
    if let oneHotCount {
      var rows = [Float](repeating: 0, count: batchSize * oneHotCount)
      for (place, label) in labels.enumerated() { rows[place * oneHotCount + Int(label)] = 1 }
      try executable.write(targetName, rows)
    } else {
      try executable.write(targetName, labels)
    }
    return count
  }

  private func copy(_ examples: ArraySlice<Int>, batch: Int) {
    if let deformed {
      pictures.withUnsafeMutableBufferPointer { deformed.copy(batch, into: $0) }
      for (place, example) in examples.enumerated() { labels[place] = dataset.labels[example] }
      return
    }
    pictures.withUnsafeMutableBufferPointer { pictures in
      labels.withUnsafeMutableBufferPointer { labels in
        dataset.copyBatch(examples, into: pictures, labels: labels)
      }
    }
  }
}
