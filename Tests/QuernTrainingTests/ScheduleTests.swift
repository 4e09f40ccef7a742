import QuernTraining
import Testing

@Suite struct ScheduleTests {
  private func factors(_ schedule: LearningRateSchedule, epochs: Int, steps: Int = 1) -> [Double] {
    (0..<epochs * steps).map {
      schedule.factor(epoch: $0 / steps, stepInEpoch: $0 % steps, stepsPerEpoch: steps)
    }
  }

  @Test func shapes() {
    #expect(factors(.constant, epochs: 3) == [1, 1, 1])
    #expect(factors(.step(epochs: 2, factor: 0.5), epochs: 5) == [1, 1, 0.5, 0.5, 0.25])
    #expect(factors(.exponential(factor: 0.5), epochs: 4) == [1, 0.5, 0.25, 0.125])
    #expect(factors(.warmUp(steps: 4), epochs: 3, steps: 2) == [0.25, 0.5, 0.75, 1, 1, 1])
  }

  @Test func cosineFallsByTheStepAndEndsAtItsFloor() {
    let values = factors(.cosine(epochs: 2, floor: 0.2), epochs: 3, steps: 2)
    #expect(values[0] == 1)
    #expect(abs(values[2] - 0.6) < 1e-12)
    #expect(values[4] == 0.2 && values[5] == 0.2)
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 })
  }

  @Test func warmUpMultipliesAnother() {
    let schedule = LearningRateSchedule.warmUp(steps: 2, then: .exponential(factor: 0.5))
    #expect(factors(schedule, epochs: 3) == [0.5, 0.5, 0.25])
  }

  @Test func rateIsBaseTimesFactor() {
    let rate = LearningRate(0.5, schedule: .exponential(factor: 0.5))
    let values = (0..<3).map { rate.value(epoch: $0, stepInEpoch: 0, stepsPerEpoch: 1) }
    #expect(values == [0.5, 0.25, 0.125])
    // A number alone stays the same.
    #expect(0.25 as LearningRate == LearningRate(0.25, schedule: .constant))
    #expect(1 as LearningRate == LearningRate(1))
  }

  @Test(arguments: [
    "constant", "step:10:0.5", "exponential:0.95", "cosine:20:0.01", "warm-up:100,cosine:5:0.0",
  ])
  func textReadsBack(_ text: String) throws {
    let schedule = try #require(LearningRateSchedule(text))
    #expect(schedule.description == text)
  }

  @Test(arguments: [
    "", "linear", "step:10", "step:0:0.5", "step:a:0.5", "exponential", "exponential:-1",
    "exponential:nan", "cosine:0", "constant:1", "warm-up:0", "warm-up:5,nothing", "constant,x",
  ])
  func nonsenseIsNoSchedule(_ text: String) { #expect(LearningRateSchedule(text) == nil) }
}
