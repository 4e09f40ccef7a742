import ArgumentParser
import Quern

/// The recipe whose values are taken where options are not given.
enum RecipeName: String, CaseIterable, ExpressibleByArgument {
  case standard, paper
}

/// Options about how a model is trained.
struct RecipeArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "standard, or paper: as in Cireşan et al. 2010, for ciresan-1 … ciresan-5.",
      discussion: """
        paper (arXiv 1003.0358): pictures of 29×29 from −1 to 1, scaled tanh, weights from −0.05 to \
        0.05, plain SGD, '--deform paper', and a learning rate that falls by a constant factor each \
        epoch, to a thousandth in the last. The paper takes pictures one by one, at rates from 0.001 \
        to 0.000001. Here a step takes a batch (\(Recipe.paperBatch); \(Recipe.deepPaperBatch) for \
        ciresan-4 and -5) and the mean of its gradients, so the rate is the paper's times the batch, \
        as if the gradients were summed; with a larger --batch it stays, for then training diverges. \
        Each epoch is evaluated on the training pictures as they are, which is the validation set, \
        and on the test set; at the end comes the test error of the epoch that was best in \
        validation, as in the paper's table.
        """))
  var recipe: RecipeName?

  @Option(
    help: ArgumentHelp(
      "Deform the training pictures, anew in each epoch: paper, none, or parts.",
      discussion: """
        Parts, with commas between: elastic:SIGMA:ALPHA (pixels; each a number or a range such as \
        5-6), rotation:DEGREES, shear:DEGREES (with both, each picture gets one of them), \
        scale:PERCENT, limit:DEGREES:CLASSES (a smaller largest angle for some, such as 7.5:1+7). \
        What is left out of a part is the paper's. For pictures of one channel. paper is \
        \(Deformation.paper). (default: the recipe's)
        """))
  var deform: String?

  func recipe(_ model: BuiltInModel, epochs: Int?, batch: Int?) throws -> Recipe {
    switch recipe ?? .standard {
    case .standard: return Recipe(model)
    case .paper: return try Recipe(paper: model, epochs: epochs, batch: batch)
    }
  }

  /// The deformation of `--deform`, else the checkpoint's, else the recipe's.
  func deformation(_ recipe: Recipe, _ state: TrainingState?) throws -> Deformation? {
    switch deform {
    case nil:
      guard let state else { return recipe.deformation }
      return state.settings.deformation
    case "none": return nil
    case .some(let text):
      do { return try Deformation(text) } catch { throw Failure("--deform: \(error)") }
    }
  }
}
