import QuernErrors
import QuernKernels

/// Threads that run generated code together, and meet at its barriers; one thread alone is the caller's.
///
/// Not for use from several threads at once.
final class ThreadTeam {
  private let team: OpaquePointer?

  /// - Parameter shareLists: lists of work shares that threads take in a step.
  /// - Throws: `QuernError` where the system does not start so many threads.
  init(threads: Int, shareLists: Int = 0) throws {
    guard threads > 1 else {
      team = nil
      return
    }
    team = quern_team_create(Int32(threads), Int32(shareLists))
    guard team != nil else {
      throw QuernError(
        "threads", "the system does not start \(threads) threads", remedy: "use fewer threads")
    }
  }

  deinit { if let team { quern_team_destroy(team) } }

  /// A step, by all threads.
  func run(_ step: quern_step, _ arena: UnsafeMutablePointer<CChar>) {
    if let team { quern_team_run(team, step, arena) } else { step(arena, 0, nil) }
  }

  /// One kernel alone, on the examples of one chunk where it is part of a region.
  ///
  /// - Parameters:
  ///   - shares: in which its tiles are taken.
  ///   - stride: thread t takes the chunk that lies t strides further on.
  func run(
    _ kernel: quern_kernel, _ arena: UnsafeMutablePointer<CChar>, shares: Int, chunk: Int,
    stride: Int
  ) {
    if let team {
      quern_team_run_kernel(team, kernel, arena, shares, chunk, stride)
    } else {
      kernel(arena, 0, 0, chunk)
    }
  }
}
