import Dispatch
import QuernData
import Synchronization

/// As many deformers as threads may deform at the same time; each is lent to one thread at a time.
final class DeformerPool: Sendable {
  /// A deformer belongs to whoever took it out of the pool.
  private struct Lent: @unchecked Sendable { let deformer: PictureDeformer }

  private let idle: Mutex<[Lent]>
  private let count: DispatchSemaphore

  /// - Throws: what `PictureDeformer` does.
  init(_ dataset: Dataset, _ deformation: Deformation, seed: UInt64, threads: Int) throws {
    let deformers = try (0..<max(threads, 1)).map { _ in
      Lent(deformer: try PictureDeformer(dataset, deformation, seed: seed))
    }
    idle = Mutex(deformers)
    count = DispatchSemaphore(value: deformers.count)
  }

  func withDeformer(_ body: (PictureDeformer) -> Void) {
    count.wait()
    defer { count.signal() }
    guard let lent = idle.withLock({ $0.popLast() }) else { return }
    body(lent.deformer)
    idle.withLock { $0.append(lent) }
  }
}
