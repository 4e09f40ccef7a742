import QuernMachine
import QuernPasses

// Which of a processor's vectors a nest is computed with.

extension MachineFacts {
  /// The same machine with the vectors that a nest is best computed with.
  ///
  /// A product whose lanes are those of one AVX-512 vector, such as a convolution with 16 filters, has
  /// tiles of one vector: each multiply-add needs a row's value of its own, and a core that works off its
  /// vectors in halves has no more loads than multiply-adds for that. Two of AVX2's vectors share the
  /// value, and of up to eight lanes there are no more than needed.
  func suited(to nest: MemoryNest, _ numerics: Numerics) -> MachineFacts {
    guard isDoublePumped, target.narrower != nil, nest.isProduct,
      case .output(let lane?) = Scheduler(
        nest, self, threads: 1, tuning: Tuning(), numerics: numerics
      ).schedule.lanes,
      nest.axes[lane].extent <= target.lanes
    else { return self }
    return narrowed
  }

  /// The same machine with vectors half as wide, which no core works off in halves; unchanged where there
  /// are none.
  var narrowed: MachineFacts {
    guard let narrower = target.narrower else { return self }
    var narrow = self
    narrow.target = narrower
    narrow.isDoublePumped = false
    narrow.multiplyAddsPerCycle *= 2
    narrow.loadsPerCycle *= 2
    return narrow
  }
}
