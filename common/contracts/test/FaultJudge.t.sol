// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVerifierAdapter} from "../src/fault/IVerifierAdapter.sol";
import {MockVerifier} from "../src/fault/MockVerifier.sol";
import {Receipts} from "../src/fault/Receipts.sol";
import {SolverQuorumVerifier} from "../src/fault/SolverQuorumVerifier.sol";
import {TruebitVerifier} from "../src/fault/TruebitVerifier.sol";
import {FaultWorld} from "./FaultWorld.sol";
import {Game, GreedyChallenger, HostileVerifier, Mute} from "./Hostile.sol";

// The judges: what one with bad intentions can do to the court, and how the
// adapters come to their verdicts.
contract FaultJudgeTest is FaultWorld {
    // Hostile judges

    HostileVerifier private bad;

    function hostile() private returns (Receipts.Receipt memory r) {
        bad = new HostileVerifier(fault);
        fault.approveVerifier(address(bad), 2);
        vm.deal(address(bad), 10 ether);
        r = receipt();
        r.verifier = address(bad);
    }

    function test_C36_silentJudge() public {
        Receipts.Receipt memory r = hostile();
        bytes32 id = challengeAs(viewer, r, 0);
        nextRounds(3);
        fault.expireChallenge(id);
        eq(fault.credit(viewer), BOND, "nothing is lost but time");
        refuses("challenge not open");
        bad.say(id, 2);
    }

    function test_C36_answersTwice() public {
        Receipts.Receipt memory r = hostile();
        bad.be(HostileVerifier.Mode.Twice, "");
        bytes32 id = challengeAs(viewer, r, 0);
        eq(status(id), 2, "the first word counts");
        ok(!bad.attackWorked(), "the second is refused");
        eq(fault.credit(viewer), BOND, "one bond, once");
        eq(fault.credit(BURN), 0, "not given twice");
    }

    function test_C36_wrongId() public {
        Receipts.Receipt memory r = hostile();
        bytes32 other = challengeAs(viewer, receipt(), 0);
        bad.be(HostileVerifier.Mode.WrongId, "");
        bytes memory sig = signed(r);
        vm.prank(viewer);
        refuses("challenge not open");
        fault.challenge{value: BOND}(r, sig, 0, profiles, renditions, "");
        refuses("caller must be verifier");
        bad.say(other, 2);
    }

    function test_C36_reentersAsChallenger() public {
        Receipts.Receipt memory r = hostile();
        vm.prank(viewer);
        fault.setChallenger(address(bad), true);
        bytes memory sig = signed(r);
        // The same case again, while it is being opened.
        bad.be(
            HostileVerifier.Mode.Reenter,
            abi.encodeCall(fault.challenge, (r, sig, 0, profiles, renditions, ""))
        );
        bytes32 id = challengeAs(viewer, r, 0);
        ok(!bad.attackWorked(), "the record was written first");
        eq(
            keccak256(bad.attackAnswer()),
            keccak256(abi.encodeWithSignature("Error(string)", "already challenged")),
            "refused for that"
        );
        eq(fault.getChallenge(id).challenger, viewer, "still the first one's");
    }

    function test_C36_refusesTasks() public {
        Receipts.Receipt memory r = hostile();
        bad.be(HostileVerifier.Mode.Reject, "");
        bytes memory sig = signed(r);
        vm.prank(viewer);
        refuses("not today");
        fault.challenge{value: BOND}(r, sig, 0, profiles, renditions, "");
        eq(address(fault).balance, 0, "nothing kept");
    }

    function test_C36_unapprovedMeanwhile() public {
        Receipts.Receipt memory r = hostile();
        bytes32 id = challengeAs(viewer, r, 0);
        bad.say(id, 2);
        fault.approveVerifier(address(bad), 0);
        vm.prank(viewer);
        refuses("verifier not slashable");
        fault.executeSlash(id, ids(0));
    }

    function test_C36_creditIsPaidOnce() public {
        GreedyChallenger greedy = new GreedyChallenger(fault);
        vm.deal(address(greedy), 1 ether);
        vm.prank(viewer);
        fault.setChallenger(address(greedy), true);
        bytes32 id = challengeAs(address(greedy), receipt(), 0);
        challengeAs(viewer, receipt(), 1);
        judge.say(id, 2);
        greedy.take();
        ok(!greedy.again(), "no second payment from within the first");
        eq(address(fault).balance, BOND, "the other bond is still there");

        Mute mute = new Mute(fault);
        vm.deal(address(mute), 1 ether);
        vm.prank(viewer);
        fault.setChallenger(address(mute), true);
        nextRound();
        id = challengeAs(address(mute), receipt(), 0);
        judge.say(id, 2);
        refuses("credit transfer failed");
        mute.take();
        eq(fault.credit(address(mute)), BOND, "not lost");
    }

    // Adapters

    function claim() private view returns (IVerifierAdapter.Claim memory) {
        return IVerifierAdapter.Claim(o1, 0, 0, 0, 0, "");
    }

    function test_C36_adaptersListenToTheCourtOnly() public {
        refuses("caller must be FaultVerifier");
        judge.submit(bytes32(uint256(1)), claim());
        judge.setFee(10);
        vm.deal(address(fault), 10);
        vm.prank(address(fault));
        refuses("fee too low");
        judge.submit{value: 9}(bytes32(uint256(1)), claim());
        judge.setFee(0);
        judge.setOutcome(1);
        eq(status(challengeAs(viewer, receipt(), 0)), 3, "scripted answer");
    }

    SolverQuorumVerifier private quorum;
    uint256 private constant FEE = 9;

    function court() private returns (bytes32 id) {
        quorum = new SolverQuorumVerifier(address(controller), 5);
        fault.approveVerifier(address(quorum), 2);
        for (uint160 i = 1; i <= 3; i++) quorum.setSolver(solver(i), true);
        quorum.setThreshold(2);
        quorum.setFee(FEE);
        Receipts.Receipt memory r = receipt();
        r.verifier = address(quorum);
        bytes memory sig = signed(r);
        vm.prank(viewer);
        id = fault.challenge{value: BOND + FEE}(r, sig, 0, profiles, renditions, "");
    }

    function solver(uint160 i) private pure returns (address) {
        return address(0x5000 + i);
    }

    function commit(uint160 i, bytes32 id, uint8 outcome) private {
        vm.prank(solver(i));
        quorum.commitVote(id, keccak256(abi.encode(outcome, bytes32("salt"), solver(i))));
    }

    function reveal(uint160 i, bytes32 id, uint8 outcome) private {
        vm.prank(solver(i));
        quorum.revealVote(id, outcome, bytes32("salt"));
    }

    function test_C36_quorumFindsTheMajority() public {
        bytes32 id = court();
        commit(1, id, 2);
        commit(2, id, 1);
        commit(3, id, 2);
        reveal(1, id, 2);
        reveal(2, id, 1);
        refuses("no quorum");
        quorum.finalize(id);
        reveal(3, id, 2);
        quorum.finalize(id);
        eq(status(id), 2, "two of three");
        eq(quorum.earned(solver(1)), 4, "half of nine");
        eq(quorum.earned(solver(2)), 0, "the minority earns nothing");
        vm.prank(solver(2));
        refuses("no fee");
        quorum.withdrawFee();
        refuses("unknown task");
        quorum.finalize(id);
        vm.prank(solver(3));
        quorum.withdrawFee();
        eq(solver(3).balance, 4, "paid");
        eq(quorum.earned(solver(3)), 0, "once");
        // A solver that cannot be paid keeps its claim.
        vm.etch(solver(1), hex"fe");
        vm.prank(solver(1));
        refuses("fee transfer failed");
        quorum.withdrawFee();
    }

    function test_C36_quorumRefusals() public {
        bytes32 id = court();
        refuses("caller must be solver");
        quorum.commitVote(id, bytes32(uint256(1)));
        refuses("caller must be solver");
        quorum.revealVote(id, 1, 0);
        vm.startPrank(solver(1));
        refuses("unknown task");
        quorum.commitVote(0, bytes32(uint256(1)));
        refuses("empty commitment");
        quorum.commitVote(id, 0);
        refuses("unknown task");
        quorum.revealVote(0, 1, 0);
        vm.stopPrank();
        commit(1, id, 2);
        vm.prank(solver(1));
        refuses("already committed");
        quorum.commitVote(id, bytes32(uint256(1)));
        vm.prank(solver(1));
        refuses("commit phase is not over");
        quorum.revealVote(id, 2, bytes32("salt"));
        commit(2, id, 2);
        vm.roll(block.number + 6);
        vm.prank(solver(3));
        refuses("commit phase is over");
        quorum.commitVote(id, bytes32(uint256(1)));
        vm.prank(solver(1));
        refuses("reveal does not match commitment");
        quorum.revealVote(id, 1, bytes32("salt"));
        reveal(1, id, 2);
        vm.prank(solver(1));
        refuses("reveal does not match commitment");
        quorum.revealVote(id, 2, bytes32("salt"));
        // Copied from the first one's reveal.
        vm.prank(solver(3));
        refuses("reveal does not match commitment");
        quorum.revealVote(id, 2, bytes32("salt"));
        reveal(2, id, 2);
        quorum.finalize(id);
        eq(status(id), 2, "two are enough");
    }

    // An expired case comes back with clean votes.
    function test_C36_quorumStartsAnew() public {
        Receipts.Receipt memory r = receipt();
        bytes32 id = court();
        r.verifier = address(quorum);
        commit(1, id, 1);
        nextRounds(3);
        fault.expireChallenge(id);
        bytes memory sig = signed(r);
        vm.prank(viewer);
        fault.challenge{value: BOND + FEE}(r, sig, 0, profiles, renditions, "");
        commit(1, id, 2);
        commit(2, id, 2);
        commit(3, id, 2);
        reveal(1, id, 2);
        reveal(2, id, 2);
        reveal(3, id, 2);
        quorum.finalize(id);
        eq(quorum.earned(solver(1)), 6, "both fees, shared by three");
    }

    function test_C36_quorumSettings() public {
        court();
        refuses("threshold must be greater than 0");
        quorum.setThreshold(0);
        quorum.setThreshold(1);
        Receipts.Receipt memory r = receipt();
        r.verifier = address(quorum);
        bytes memory sig = signed(r);
        vm.prank(viewer);
        refuses("threshold is no majority");
        fault.challenge{value: BOND + FEE}(r, sig, 1, profiles, renditions, "");
        quorum.setThreshold(4);
        vm.prank(viewer);
        refuses("threshold is no majority");
        fault.challenge{value: BOND + FEE}(r, sig, 1, profiles, renditions, "");
        quorum.setSolver(solver(1), true);
        quorum.setSolver(solver(1), false);
        eq(quorum.solverCount(), 2, "counted");
        for (uint160 i = 100; i < 130; i++) quorum.setSolver(address(i), true);
        refuses("too many solvers");
        quorum.setSolver(address(131), true);
        vm.prank(viewer);
        refuses("caller must be Controller owner");
        quorum.setThreshold(1);
    }

    function test_C36_truebitShapedAdapter() public {
        Game game = new Game();
        TruebitVerifier adapter = new TruebitVerifier(address(controller), address(game));
        fault.approveVerifier(address(adapter), 2);
        adapter.setFee(7);
        Receipts.Receipt memory r = receipt();
        r.verifier = address(adapter);
        bytes memory sig = signed(r);
        vm.prank(viewer);
        bytes32 id = fault.challenge{value: BOND + 7}(r, sig, 0, profiles, renditions, "");
        eq(address(game).balance, 7, "the game is paid");
        refuses("caller must be game");
        adapter.taskSolved(1, 2);
        refuses("unknown task");
        game.solve(adapter, 2, 2);
        game.solve(adapter, 1, 2);
        eq(status(id), 2, "its verdict counts");
        refuses("unknown task");
        game.solve(adapter, 1, 1);
    }

    function test_C34_mockIsForItsOwner() public {
        MockVerifier m = judge;
        vm.startPrank(viewer);
        refuses("caller must be Controller owner");
        m.setOutcome(2);
        refuses("caller must be Controller owner");
        m.say(0, 2);
        vm.stopPrank();
    }
}
