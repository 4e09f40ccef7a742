import QuernAugmentation
import QuernData
import Testing

@Suite struct DeformedBatchesTests {
  private func all(
    _ batches: DeformedBatches, _ wanted: [Int], batchSize: Int, size: Int = 841
  ) -> [Int: [Float]] {
    var result: [Int: [Float]] = [:]
    for batch in wanted {
      var pictures = [Float](repeating: 0, count: batchSize * size)
      pictures.withUnsafeMutableBufferPointer { batches.copy(batch, into: $0) }
      result[batch] = pictures
    }
    return result
  }

  /// Any number of threads, any order of batches, a start in the middle: a picture's deformation
  /// depends on nothing but the seed, the epoch and the picture.
  @Test(arguments: [1, 2, 5])
  func dependsOnTheEpochAndThePictureAlone(_ threads: Int) throws {
    let data = try noise(count: 1503)
    let order = Array((0..<data.count).reversed())
    let batchSize = 100
    let deformer = try PictureDeformer(data, .paper, seed: 6)
    let batches = try DeformedBatches(
      data, .paper, batchSize: batchSize, seed: 6, threads: threads)
    for (epoch, wanted) in [(0, Array(0..<16)), (1, [15, 3, 0, 1, 14, 14]), (0, [7])] {
      batches.begin(epoch: epoch, order: order, batch: wanted[0])
      for (batch, pictures) in all(batches, wanted, batchSize: batchSize) {
        for place in 0..<batchSize {
          // The last batch is filled up from the order's front.
          let index = order[(batch * batchSize + place) % data.count]
          let expected = deformer.picture(index, epoch: epoch)
          #expect(Array(pictures[place * 841..<(place + 1) * 841]) == expected)
        }
      }
    }
  }

  @Test func batchesLargerThanABurstOrThanTheDataSet() throws {
    let data = try noise(count: 30, height: 8, width: 8)
    let deformer = try PictureDeformer(data, .paper, seed: 2)
    for batchSize in [1, 30, 700] {
      let batches = try DeformedBatches(data, .paper, batchSize: batchSize, seed: 2, threads: 2)
      batches.begin(epoch: 3, order: Array(0..<30))
      let pictures = all(batches, [0], batchSize: batchSize, size: 64)[0] ?? []
      for place in 0..<batchSize {
        #expect(
          Array(pictures[place * 64..<(place + 1) * 64])
            == deformer.picture(place % 30, epoch: 3))
      }
    }
  }
}
