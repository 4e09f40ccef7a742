import Dispatch
import QuernData
import Synchronization

/// The batches of a data set, deformed on all cores while earlier ones are trained on.
///
/// Not for use from several threads at once.
package final class DeformedBatches {
  /// Pictures that are deformed in one burst, rounded up to whole batches. In bursts, since threads
  /// that train wait for one another: what takes one of them off its core holds up all.
  private static let burst = 512
  /// Bursts: one that is trained on, one that is being deformed.
  private static let depth = 2
  /// Pictures that a thread deforms in one go: some tenths of a millisecond's work.
  private static let chunk = 32

  private let dataset: Dataset
  private let batchSize: Int
  /// Batches a burst.
  private let burstBatches: Int

  private var epoch = 0
  private var order: [Int] = []
  private let slots: [Slot]

  /// - Parameters:
  ///   - batchSize: N, pictures a batch.
  ///   - seed: the run's; with epoch and place in the data set it decides what becomes of a picture.
  ///   - threads: how many deform at the same time.
  /// - Throws: `QuernError` for pictures that cannot be deformed, or numbers that make no sense.
  package init(
    _ dataset: Dataset, _ deformation: Deformation, batchSize: Int, seed: UInt64, threads: Int
  ) throws {
    self.dataset = dataset
    self.batchSize = batchSize
    burstBatches = (Self.burst + batchSize - 1) / batchSize
    let size = burstBatches * batchSize * dataset.pictureSize
    slots = try (0..<Self.depth).map { _ in
      Slot(
        count: size,
        deformers: try (0..<max(threads, 1)).map { _ in
          try PictureDeformer(dataset, deformation, seed: seed)
        })
    }
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
      slot.burst = nil
    }
    self.epoch = epoch
    self.order = order
    for ahead in 0..<Self.depth { start(batch / burstBatches + ahead) }
  }

  /// Copies a batch's pictures, (N, H, W); with the last of a burst, a later one is begun in its
  /// place.
  ///
  /// - Precondition: ``begin(epoch:order:batch:)`` was called, and there is room.
  package func copy(_ batch: Int, into target: UnsafeMutableBufferPointer<Float>) {
    let size = batchSize * dataset.pictureSize
    precondition(target.count >= size && batch * batchSize < order.count)
    let (burst, place) = (batch / burstBatches, batch % burstBatches)
    let slot = slots[burst % Self.depth]
    // Steps are not always taken in order: some are repeated, to find out what went wrong in them.
    if slot.burst != burst { start(burst) }
    slot.group.wait()
    target.baseAddress?.update(from: slot.pictures + place * size, count: size)
    if place == burstBatches - 1 { start(burst + Self.depth) }
  }

  private func start(_ burst: Int) {
    let first = burst * burstBatches * batchSize
    guard first < order.count else { return }
    let slot = slots[burst % Self.depth]
    slot.group.wait()
    slot.burst = burst
    // Of the last burst, only batches that there are.
    let batches = min(burstBatches, (order.count - first + batchSize - 1) / batchSize)
    let count = batches * batchSize
    let examples = (0..<count).map { order[(first + $0) % order.count] }
    let (epoch, size) = (epoch, dataset.pictureSize)
    slot.next.store(0, ordering: .relaxed)
    for worker in slot.deformers.indices {
      DispatchQueue.global(qos: .userInitiated).async(group: slot.group) {
        while true {
          // Whoever is done takes the next pictures.
          let first = slot.next.wrappingAdd(Self.chunk, ordering: .relaxed).oldValue
          if first >= count { return }
          for place in first..<min(first + Self.chunk, count) {
            slot.deformers[worker].deform(
              examples[place], epoch: epoch, into: slot.pictures + place * size)
          }
        }
      }
    }
  }
}

/// Room for the pictures of a burst, and what deforms them.
///
/// `burst` belongs to the thread that trains. As long as `group` is not empty, each deformer belongs
/// to one block, and a part of `pictures` to the block that took it; then to the thread that trains.
private final class Slot: @unchecked Sendable {
  var burst: Int?
  let pictures: UnsafeMutablePointer<Float>
  let deformers: [PictureDeformer]
  /// The first picture that no block has taken.
  let next = Atomic<Int>(0)
  let group = DispatchGroup()

  init(count: Int, deformers: [PictureDeformer]) {
    pictures = .allocate(capacity: count)
    pictures.initialize(repeating: 0, count: count)
    self.deformers = deformers
  }

  deinit { pictures.deallocate() }
}
