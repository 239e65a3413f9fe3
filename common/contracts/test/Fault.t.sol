// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FaultVerifier} from "../src/fault/FaultVerifier.sol";
import {Receipts} from "../src/fault/Receipts.sol";
import {FaultWorld} from "./FaultWorld.sol";
import {PlainBonding} from "./Hostile.sol";

// The court: what it refuses, in which order, and who gets the bonds.
contract FaultTest is FaultWorld {
    function test_C02_goldenReceipt() public {
        vm.chainId(31337);
        FaultVerifier made = new FaultVerifier(address(controller));
        address where = address(0xFa);
        // The code holds its domain as a constant, made for its own address.
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Streamflow"),
                keccak256("1"),
                block.chainid,
                where
            )
        );
        eq(domain, 0x7e46331f2b4440ef03d9e08f35c99f50c01c05ef777470cfde572bfdea3b129f, "domain");
        ok(made.domainSeparator() != domain, "bound to the contract");
        Receipts.Receipt memory r;
        r.broadcaster = 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266;
        r.orchestrator = 0x70997970C51812dc3A010C7d01b50e0d17dc79C8;
        r.manifestHash = keccak256("manifest1");
        r.seq = 7;
        r.sourceHash = keccak256("source");
        bytes32[16] memory words;
        words[0] = keccak256("StreamflowProfileV1");
        words[1] = bytes32(uint256(1280));
        words[2] = bytes32(uint256(720));
        words[3] = bytes32(uint256(3000000));
        words[4] = bytes32(uint256(30));
        words[5] = bytes32(uint256(1));
        words[7] = bytes32(uint256(3));
        words[8] = bytes32(uint256(2000));
        words[15] = keccak256("x264-164;threads=1");
        bytes32 p0 = keccak256(abi.encode(words));
        eq(p0, 0x6fdf02315488e8535f66da5c06533dfce81cbae6931dd1b4045fa43b18e56fb4, "profile");
        r.profilesHash = keccak256(abi.encodePacked(p0));
        eq(r.profilesHash, 0x7adb2f7b9e32dfaf3d60aa71c98c6f27e3693a66716a98286f962bce2763d559, "profiles");
        r.resultHash = keccak256(abi.encodePacked(keccak256("rendition0")));
        eq(r.resultHash, 0x9abd60e30695ce732431370816f53db005d371121989e3e1614aec8260632825, "result");
        r.serviceId = keccak256("CPUTranscoding");
        r.verifier = address(0xFb);
        r.round = 12;
        eq(
            Receipts.TYPE_HASH,
            0x3ef3e4381fb27803df840d91fb842adfb41b0cc7e0d42894fafda1259a2def7e,
            "type hash"
        );
        bytes32 digest = Receipts.digest(r, domain);
        eq(digest, 0x79de20313b238ea2947b902c9f956d1e58504c4dcf11e616853313376f318319, "digest");
        uint256 key = 0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d;
        eq(
            keccak256(sign(key, digest)),
            keccak256(
                hex"8481eb794b5a7167b98346a2500b19577b14a601027ac90ef6ab4d4c6262e213724fd37f7704e217cae31b70b5a7cce9bf1b0cbc36f1096d78126180b98412f81b"
            ),
            "signature of the second dev account"
        );
        eq(
            keccak256(sign(key, keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", r.resultHash)))),
            keccak256(
                hex"d60246603584c00e6f82aea7f7108c26b0e1e8e3869a2a06a91ade43ce743bb0670e4d219c88794735f5b71fff68b28933b57a9375c15131d675aaac07d7694c1c"
            ),
            "the legacy signature"
        );
    }

    // Each refusal in its order: every step mends the fault named before it.
    function test_C27_refusalsInOrder() public {
        Receipts.Receipt memory r = receipt();
        r.broadcaster = address(0x999);
        r.verifier = address(0x998);
        bytes32[] memory p = new bytes32[](0);
        bytes32[] memory h = new bytes32[](1);
        bytes memory sig = new bytes(64);
        // A first challenge, to be repeated at the end.
        Receipts.Receipt memory first = receipt();
        challengeAs(viewer, first, 0);
        nextRounds(2);
        bytes32 done = provenAt(receipt(), 1);
        fault.setSlashParams(100000, 200000, 1);
        execute(done);

        vm.deal(address(this), 1 ether);
        r.round = round() + 1;
        expect(r, sig, 5, p, h, "receipt round in future");
        r.round = round() - 4;
        expect(r, sig, 5, p, h, "challenge window closed");
        r.round = round();
        expect(r, sig, 5, p, h, "caller not authorized");
        r.broadcaster = viewer;
        vm.prank(viewer);
        fault.setChallenger(address(this), true);
        expect(r, sig, 5, p, h, "verifier not approved");
        r.verifier = address(0);
        fault.approveVerifier(address(0), 2);
        expect(r, sig, 5, p, h, "verifier not approved");
        r.verifier = address(judge);
        expect(r, sig, 5, p, h, "bad receipt signature");
        sig = signed(r);
        expect(r, sig, 5, p, h, "slash cap reached");
        r.round = round() - 2;
        sig = signed(r);
        expect(r, sig, 5, p, h, "index out of range");
        expect(r, sig, 0, p, h, "index out of range");
        expect(r, sig, 0, profiles, h, "hash list mismatch");
        expect(r, sig, 0, new bytes32[](1), renditions, "hash list mismatch");
        expect(r, sig, 0, new bytes32[](65), renditions, "hash list mismatch");
        expect(r, sig, 0, profiles, renditions, "already challenged");
        refuses("bond too low");
        fault.challenge{value: BOND - 1}(r, sig, 1, profiles, renditions, "");
        judge.setFee(5);
        refuses("bond too low");
        fault.challenge{value: 4}(r, sig, 1, profiles, renditions, "");
        refuses("bond too low");
        fault.challenge{value: BOND + 4}(r, sig, 1, profiles, renditions, "");
        fault.challenge{value: BOND + 5}(r, sig, 1, profiles, renditions, "");
        eq(address(judge).balance, 5, "the fee went to the judge");
    }

    function expect(
        Receipts.Receipt memory r,
        bytes memory sig,
        uint256 index,
        bytes32[] memory p,
        bytes32[] memory h,
        string memory reason
    ) private {
        refuses(reason);
        fault.challenge(r, sig, index, p, h, "");
    }

    event ChallengeOpened(
        bytes32 indexed id,
        address indexed orchestrator,
        address indexed broadcaster,
        address challenger,
        address verifier,
        bytes32 receiptDigest,
        uint256 index,
        string dataURI
    );
    event TaskSubmitted(
        bytes32 indexed id,
        address orchestrator,
        bytes32 serviceId,
        bytes32 sourceHash,
        bytes32 profileHash,
        bytes32 renditionHash,
        string dataURI
    );

    function test_C27_recordAndEvents() public {
        Receipts.Receipt memory r = receipt();
        bytes32 digest = fault.receiptDigest(r);
        bytes32 id = keccak256(abi.encode(digest, uint256(1)));
        vm.expectEmit(true, true, true, true, address(fault));
        emit ChallengeOpened(id, o1, viewer, helper, address(judge), digest, 1, "bundle://1");
        vm.expectEmit(true, false, false, true, address(judge));
        emit TaskSubmitted(id, o1, r.serviceId, r.sourceHash, profiles[1], renditions[1], "bundle://1");
        eq(challengeAs(helper, r, 1), id, "id");
        FaultVerifier.Challenge memory c = fault.getChallenge(id);
        eq(c.challenger, helper, "challenger");
        eq(c.broadcaster, viewer, "broadcaster");
        eq(c.orchestrator, o1, "orchestrator");
        eq(c.verifier, address(judge), "verifier");
        eq(c.receiptRound, round(), "round");
        eq(c.deadlineRound, round() + 2, "deadline");
        eq(c.bond, BOND, "bond");
        eq(status(id), 1, "open");
    }

    // Any of the ten fields changed after the signature.
    function testFuzz_C27_forgedField(uint8 field, uint256 noise) public {
        vm.assume(noise != 0);
        Receipts.Receipt memory r = receipt();
        bytes memory sig = signed(r);
        uint256 f = field % 10;
        uint256 bit = 1 << (noise % 160);
        if (f == 0) {
            r.broadcaster = address(uint160(r.broadcaster) ^ uint160(bit));
            vm.prank(r.broadcaster);
            fault.setChallenger(viewer, true);
        }
        if (f == 1) r.orchestrator = address(uint160(r.orchestrator) ^ uint160(bit));
        if (f == 2) r.manifestHash ^= bytes32(bit);
        if (f == 3) r.seq ^= bit;
        if (f == 4) r.sourceHash ^= bytes32(bit);
        if (f == 5) {
            profiles[0] ^= bytes32(bit);
            r.profilesHash = keccak256(abi.encodePacked(profiles));
        }
        if (f == 6) {
            renditions[0] ^= bytes32(bit);
            r.resultHash = keccak256(abi.encodePacked(renditions));
        }
        if (f == 7) r.serviceId ^= bytes32(bit);
        if (f == 8) {
            r.verifier = address(uint160(r.verifier) ^ uint160(bit));
            fault.approveVerifier(r.verifier, 2);
        }
        if (f == 9) r.round -= 1;
        vm.prank(viewer);
        refuses("bad receipt signature");
        fault.challenge{value: BOND}(r, sig, 0, profiles, renditions, "");
    }

    function test_C27_legacySignatureIsNoEvidence() public {
        Receipts.Receipt memory r = receipt();
        bytes memory legacy = sign(
            O_KEY,
            keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", r.resultHash))
        );
        vm.prank(viewer);
        refuses("bad receipt signature");
        fault.challenge{value: BOND}(r, legacy, 0, profiles, renditions, "");
    }

    function test_C26_receiptKeyOfItsRound() public {
        Receipts.Receipt memory old = receipt();
        bytes memory oldSig = signed(old);
        vm.prank(o1);
        registry.setReceiptSigner(vm.addr(0xFEED));
        nextRound();
        Receipts.Receipt memory young = receipt();
        bytes memory wrong = signed(young);
        vm.startPrank(viewer);
        refuses("bad receipt signature");
        fault.challenge{value: BOND}(young, wrong, 0, profiles, renditions, "");
        bytes memory right = sign(0xFEED, fault.receiptDigest(young));
        fault.challenge{value: BOND}(young, right, 0, profiles, renditions, "");
        fault.challenge{value: BOND}(old, oldSig, 0, profiles, renditions, "");
        vm.stopPrank();
    }

    // Without a catalogue, or with a registry that lacks it, the orchestrator
    // signs for itself.
    function test_C26_noCatalogueMeansItself() public {
        put("ServiceRegistry", address(0));
        challengeAs(viewer, receipt(), 0);
        put("ServiceRegistry", address(token));
        challengeAs(viewer, receipt(), 1);
        put("ServiceCatalog", address(registry));
        vm.prank(o1);
        registry.setReceiptSigner(address(7));
        nextRound();
        Receipts.Receipt memory r = receipt();
        bytes memory sig = signed(r);
        vm.prank(viewer);
        refuses("bad receipt signature");
        fault.challenge{value: BOND}(r, sig, 0, profiles, renditions, "");
    }

    // Every window, timeout and period that the setter accepts: the last round
    // in which a challenge opens, and a slash at the latest moment that still
    // reaches a lock made in the receipt's round.
    function testFuzz_C28_windows(uint256 w, uint256 t, uint256 period) public {
        period = within(period, 2, 20);
        bonding.setUnbondingPeriod(uint64(period));
        t = within(t, 0, period - 2);
        w = within(w, 0, period - 2 - t);
        fault.setChallengeParams(w, t, BOND);
        Receipts.Receipt memory r = receipt();
        vm.prank(o1);
        bonding.unbond(900 * LPT);

        nextRounds(w);
        bytes32 id = challengeAs(viewer, r, 0);
        nextRounds(t);
        judge.say(id, 2);
        nextRound();
        vm.prank(o1);
        refuses("withdraw round must be before or equal to the current round");
        bonding.withdrawStake(0);
        vm.prank(viewer);
        fault.executeSlash(id, ids(1));
        (uint256 amount, ) = bonding.getDelegatorUnbondingLock(o1, 0);
        eq(amount, 810 * LPT, "a tenth of the lock");
        eq(bonded(o1), 90 * LPT, "a tenth of the bond");
    }

    function testFuzz_C28_firstRefused(uint256 w) public {
        w = within(w, 0, 3);
        fault.setChallengeParams(w, 2, BOND);
        Receipts.Receipt memory r = receipt();
        nextRounds(w + 1);
        bytes memory sig = signed(r);
        vm.prank(viewer);
        refuses("challenge window closed");
        fault.challenge{value: BOND}(r, sig, 0, profiles, renditions, "");
    }

    function test_C28_settersAndShortenedPeriod() public {
        refuses("window exceeds unbonding period");
        fault.setChallengeParams(4, 2, 0);
        refuses("window exceeds unbonding period");
        fault.setChallengeParams(0, 6, 0);
        refuses("window exceeds unbonding period");
        fault.setChallengeParams(type(uint256).max, 2, 0);
        refuses("window exceeds unbonding period");
        fault.setChallengeParams(2, type(uint256).max, 0);
        refuses("invalid slash amount");
        fault.setSlashParams(1000001, 0, 1);
        refuses("invalid finder fee");
        fault.setSlashParams(1, 500001, 1);
        refuses("invalid slash cap");
        fault.setSlashParams(1, 1, 0);
        refuses("invalid verifier kind");
        fault.approveVerifier(address(1), 3);
        (uint256 s, uint256 f, uint256 k, uint256 w, uint256 t, uint256 b) = fault.params();
        eq(s + f + k + w + t + b, 100000 + 200000 + 3 + 3 + 2 + BOND, "defaults");

        // Shortened to five: the window is one round now, not three.
        Receipts.Receipt memory r = receipt();
        bonding.setUnbondingPeriod(5);
        nextRound();
        challengeAs(viewer, r, 0);
        nextRound();
        bytes memory sig = signed(r);
        vm.startPrank(viewer);
        refuses("challenge window closed");
        fault.challenge{value: BOND}(r, sig, 1, profiles, renditions, "");
        vm.stopPrank();
        bonding.setUnbondingPeriod(3);
        r = receipt();
        sig = signed(r);
        vm.prank(viewer);
        refuses("challenge window closed");
        fault.challenge{value: BOND}(r, sig, 1, profiles, renditions, "");
    }

    event ChallengeResolved(bytes32 indexed id, uint8 outcome);
    event ChallengeExpired(bytes32 indexed id);

    function test_C29_outcomes() public {
        bytes32 valid = challengeAs(viewer, receipt(), 0);
        bytes32 faulty = challengeAs(helper, receipt(), 1);
        vm.expectEmit(true, false, false, true, address(fault));
        emit ChallengeResolved(valid, 1);
        judge.say(valid, 1);
        eq(status(valid), 3, "rejected");
        eq(fault.credit(BURN), BOND, "without a treasury the bond is burned");
        judge.say(faulty, 2);
        eq(status(faulty), 2, "faulty");
        eq(fault.credit(helper), BOND, "the bond comes back to who gave it");
        eq(fault.getChallenge(faulty).bond, 0, "once");

        nextRound();
        put("Treasury", address(0x0400));
        bytes32 silent = challengeAs(viewer, receipt(), 0);
        judge.say(silent, 3);
        eq(status(silent), 3, "no data");
        eq(fault.credit(address(0x0400)), BOND, "to the treasury");
        eq(fault.credit(o1), 0, "never to the orchestrator");

        vm.startPrank(helper);
        uint256 before = helper.balance;
        fault.withdrawCredit();
        eq(helper.balance, before + BOND, "paid");
        refuses("no credit");
        fault.withdrawCredit();
        vm.stopPrank();
    }

    function test_C29_onVerifiedRefusals() public {
        bytes32 id = challengeAs(viewer, receipt(), 0);
        refuses("challenge not open");
        fault.onVerified(keccak256("none"), 2);
        refuses("caller must be verifier");
        fault.onVerified(id, 2);
        refuses("bad outcome");
        judge.say(id, 0);
        refuses("bad outcome");
        judge.say(id, 4);
        nextRounds(3);
        refuses("challenge expired");
        judge.say(id, 2);
    }

    function test_C29_timeoutAndReopen() public {
        Receipts.Receipt memory r = receipt();
        bytes32 id = challengeAs(viewer, r, 0);
        refuses("challenge not expired");
        fault.expireChallenge(id);
        refuses("challenge not expired");
        fault.expireChallenge(keccak256("none"));
        nextRounds(2);
        refuses("challenge not expired");
        fault.expireChallenge(id);
        nextRound();
        vm.expectEmit(true, false, false, true, address(fault));
        emit ChallengeExpired(id);
        fault.expireChallenge(id);
        eq(status(id), 4, "expired");
        eq(fault.credit(viewer), BOND, "bond is back");
        eq(challengeAs(viewer, r, 0), id, "opened again, in the last round of its window");
        judge.say(id, 2);
        eq(status(id), 2, "and proven");
    }

    function test_C30_oneSlashPerIdAndTheCap() public {
        Receipts.Receipt memory r = receipt();
        bytes32[4] memory cases;
        for (uint256 i = 0; i < 4; i++) {
            r.seq = i;
            cases[i] = provenAt(r, 0);
        }
        execute(cases[0]);
        vm.prank(viewer);
        refuses("not faulty");
        fault.executeSlash(cases[0], ids(0));
        execute(cases[1]);
        execute(cases[2]);
        vm.prank(viewer);
        refuses("slash cap reached");
        fault.executeSlash(cases[3], ids(0));
        eq(fault.slashesInRound(o1, round()), 3, "counted");
        eq(bonded(o1), 729 * LPT, "three times a tenth");
        r.seq = 9;
        bytes memory sig = signed(r);
        vm.prank(viewer);
        refuses("slash cap reached");
        fault.challenge{value: BOND}(r, sig, 0, profiles, renditions, "");
    }

    event EquivocationProven(
        bytes32 indexed id,
        address indexed orchestrator,
        address indexed broadcaster,
        bytes32 digestA,
        bytes32 digestB
    );

    function test_C30_equivocation() public {
        Receipts.Receipt memory a = receipt();
        Receipts.Receipt memory b = receipt();
        b.resultHash = keccak256("something else");
        b.round = a.round;
        bytes memory sigA = signed(a);
        bytes memory sigB = signed(b);
        bytes32 id = keccak256(abi.encodePacked("EQUIVOCATION", fault.requestKey(a)));
        vm.expectEmit(true, true, true, true, address(fault));
        emit EquivocationProven(id, o1, viewer, fault.receiptDigest(a), fault.receiptDigest(b));
        vm.prank(viewer);
        eq(fault.proveEquivocation(a, sigA, b, sigB), id, "id");
        eq(status(id), 2, "faulty without any judge");
        vm.prank(viewer);
        refuses("already proven");
        fault.proveEquivocation(b, sigB, a, sigA);
        execute(id);
        eq(bonded(o1), 900 * LPT, "slashed");
        vm.prank(viewer);
        refuses("already proven");
        fault.proveEquivocation(a, sigA, b, sigB);
    }

    function test_C30_equivocationRefusals() public {
        Receipts.Receipt memory a = receipt();
        bytes memory sigA = signed(a);
        refuses("caller not authorized");
        fault.proveEquivocation(a, sigA, a, sigA);
        vm.startPrank(viewer);
        refuses("results equal");
        fault.proveEquivocation(a, sigA, a, sigA);
        Receipts.Receipt memory b = receipt();
        b.seq = 8;
        bytes memory sigB = signed(b);
        refuses("not same request");
        fault.proveEquivocation(a, sigA, b, sigB);
        refuses("bad receipt signature");
        fault.proveEquivocation(a, sigB, b, sigB);
        vm.stopPrank();

        fault.approveVerifier(address(0x91), 2);
        b = receipt();
        b.verifier = address(0x91);
        sigB = signed(b);
        vm.prank(viewer);
        refuses("verifier not deterministic");
        fault.proveEquivocation(a, sigA, b, sigB);
        fault.approveVerifier(address(judge), 1);
        vm.prank(viewer);
        refuses("verifier not deterministic");
        fault.proveEquivocation(a, sigA, a, sigA);
    }

    // Whatever differs besides the result, it is not the same request; the same
    // result is no contradiction.
    function testFuzz_C30_equivocationNeedsOneRequest(uint8 field, bytes32 result) public {
        Receipts.Receipt memory a = receipt();
        Receipts.Receipt memory b = receipt();
        b.resultHash = result;
        uint256 f = field % 6;
        if (f == 1) b.manifestHash = keccak256("m2");
        if (f == 2) b.seq = 99;
        if (f == 3) b.sourceHash = keccak256("s2");
        if (f == 4) b.profilesHash = keccak256("q2");
        if (f == 5) b.serviceId = keccak256("GPUTranscoding");
        bytes memory sigA = signed(a);
        bytes memory sigB = signed(b);
        vm.prank(viewer);
        if (f > 0) refuses("not same request");
        else if (result == a.resultHash) refuses("results equal");
        fault.proveEquivocation(a, sigA, b, sigB);
    }

    function test_C31_onlyTheFindersSideExecutes() public {
        vm.prank(o1);
        bonding.unbond(500 * LPT);
        bytes32 id = challengeAs(helper, receipt(), 0);
        refuses("not faulty");
        fault.executeSlash(id, ids(0));
        judge.say(id, 2);
        refuses("caller not authorized");
        fault.executeSlash(id, ids(0));
        vm.prank(o1);
        refuses("caller not authorized");
        fault.executeSlash(id, ids(0));
        vm.prank(helper);
        fault.executeSlash(id, ids(1));
        (uint256 amount, ) = bonding.getDelegatorUnbondingLock(o1, 0);
        eq(amount, 450 * LPT, "the lock is in");
        eq(token.balanceOf(viewer), 20 * LPT, "the bounty goes to the broadcaster");
    }

    event FaultSlashed(
        bytes32 indexed id,
        address indexed orchestrator,
        address indexed finder,
        uint256 slashableBefore
    );

    function test_C31_advisoryNeverSlashes() public {
        fault.approveVerifier(address(judge), 1);
        bytes32 id = proven();
        eq(status(id), 2, "a public record");
        vm.prank(viewer);
        refuses("verifier not slashable");
        fault.executeSlash(id, ids(0));
        fault.approveVerifier(address(judge), 2);
        vm.expectEmit(true, true, true, true, address(fault));
        emit FaultSlashed(id, o1, viewer, 1000 * LPT);
        execute(id);
    }

    // A network whose BondingManager has only the short form.
    function test_C31_fallsBackToTheShortForm() public {
        bytes32 id = proven();
        PlainBonding plain = new PlainBonding();
        put("BondingManager", address(plain));
        execute(id);
        eq(plain.slashes(), 1, "slashed by the old door");
    }

    function test_C31_aFailingSlashIsShown() public {
        bytes32 id = proven();
        vm.prank(viewer);
        refuses("TOO_MANY");
        fault.executeSlash(id, ids(65));
        eq(status(id), 2, "and can be tried again");
    }
}
