import Dispatch
import QuernData

/// The batches of a data set, deformed on all cores while earlier ones are trained on.
///
/// Not for use from several threads at once.
package final class DeformedBatches {
  /// How many batches are made ahead of the one that is trained on.
  private static let depth = 4
  /// Pictures that a thread deforms in one go: about a tenth of a millisecond's work.
  private static let chunk = 16

  private let dataset: Dataset
  private let deformation: Deformation
  private let batchSize: Int
  private let seed: UInt64
  /// Made on demand, and used over and over.
  private let deformers: DeformerPool

  private var epoch = 0
  private var order: [Int] = []
  private var slots: [Slot] = []

  /// - Parameters:
  ///   - batchSize: N, pictures a batch.
  ///   - seed: the run's; with epoch and place in the data set it decides what becomes of a picture.
  ///   - threads: how many deform at the same time.
  /// - Throws: `DataError` for pictures that cannot be deformed, or numbers that make no sense.
  package init(
    _ dataset: Dataset, _ deformation: Deformation, batchSize: Int, seed: UInt64, threads: Int
  ) throws {
    self.dataset = dataset
    self.deformation = deformation
    self.batchSize = batchSize
    self.seed = seed
    deformers = try DeformerPool(dataset, deformation, seed: seed, threads: threads)
    slots = (0..<Self.depth).map { _ in Slot(count: batchSize * dataset.pictureSize) }
  }

  deinit { for slot in slots { slot.group.wait() } }

  /// Begins an epoch, at some batch of it: the first batches are deformed from now on.
  ///
  /// - Parameters:
  ///   - epoch: counted from 0.
  ///   - order: the pictures' places in the data set, in the order in which they are taken. The last
  ///     batch is filled up from its front.
  package func begin(epoch: Int, order: [Int], batch: Int = 0) {
    for slot in slots {
      slot.group.wait()
      slot.batch = nil
    }
    self.epoch = epoch
    self.order = order
    for ahead in 0..<Self.depth { start(batch + ahead) }
  }

  /// Copies a batch's pictures, (N, H, W), and has a later one deformed in its place.
  ///
  /// - Precondition: ``begin(epoch:order:batch:)`` was called, and there is room.
  package func copy(_ batch: Int, into target: UnsafeMutableBufferPointer<Float>) {
    precondition(target.count >= batchSize * dataset.pictureSize && !order.isEmpty)
    let slot = slots[batch % Self.depth]
    // Steps are not always taken in order: some are repeated, to find out what went wrong in them.
    if slot.batch != batch { start(batch) }
    slot.group.wait()
    target.baseAddress?.update(from: slot.pictures, count: batchSize * dataset.pictureSize)
    start(batch + Self.depth)
  }

  private func start(_ batch: Int) {
    guard batch * batchSize < order.count else { return }
    let slot = slots[batch % Self.depth]
    slot.group.wait()
    slot.batch = batch
    let (epoch, size, deformers) = (epoch, dataset.pictureSize, deformers)
    var first = 0
    while first < batchSize {
      let places = first..<min(first + Self.chunk, batchSize)
      let examples = places.map { order[(batch * batchSize + $0) % order.count] }
      DispatchQueue.global(qos: .userInitiated).async(group: slot.group) {
        deformers.withDeformer { deformer in
          for (place, example) in zip(places, examples) {
            deformer.deform(example, epoch: epoch, into: slot.pictures + place * size)
          }
        }
      }
      first = places.upperBound
    }
  }
}

/// Room for a batch.
///
/// `batch` belongs to the thread that trains; a part of `pictures` to the block that deforms it, as
/// long as `group` is not empty, and then to the thread that trains.
private final class Slot: @unchecked Sendable {
  var batch: Int?
  let pictures: UnsafeMutablePointer<Float>
  let group = DispatchGroup()

  init(count: Int) {
    pictures = .allocate(capacity: count)
    pictures.initialize(repeating: 0, count: count)
  }

  deinit { pictures.deallocate() }
}
