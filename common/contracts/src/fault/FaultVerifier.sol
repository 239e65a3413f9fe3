// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager} from "../core/Manager.sol";
import {Names} from "../core/Names.sol";
import {ReceiptSigners} from "../registry/ReceiptSigners.sol";
import {FaultParams} from "./FaultParams.sol";
import {IFaultVerifier, IVerifierAdapter} from "./IVerifierAdapter.sol";
import {Receipts} from "./Receipts.sol";

// The court: a broadcaster shows a signed receipt, the verifier that both sides
// agreed on judges, and a proven fault costs the orchestrator stake. Not
// proxied, so that open cases survive an upgrade of everything around.
contract FaultVerifier is FaultParams, IFaultVerifier {
    using Receipts for Receipts.Receipt;

    enum Status {
        None,
        Open,
        Faulty,
        Rejected,
        Expired,
        Slashed
    }

    struct Challenge {
        address challenger;
        address broadcaster;
        address orchestrator;
        address verifier;
        uint256 receiptRound;
        uint256 deadlineRound;
        Status status;
        uint256 bond;
    }

    uint8 private constant VALID = 1;
    uint8 private constant FAULT = 2;
    uint8 private constant NO_DATA = 3;
    // More renditions than any ladder has.
    uint256 private constant MAX_RENDITIONS = 64;

    bytes32 public immutable domainSeparator;

    mapping(bytes32 => Challenge) private challenges;
    mapping(address => mapping(uint256 => uint256)) public slashesInRound;
    mapping(address => uint256) public credit;
    // While delegators share a slash they must not run from a pending one.
    mapping(address => uint256) private pendingCases;
    mapping(address => uint256) private frozenUntil;

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
    event ChallengeResolved(bytes32 indexed id, uint8 outcome);
    event ChallengeExpired(bytes32 indexed id);
    event FaultSlashed(
        bytes32 indexed id,
        address indexed orchestrator,
        address indexed finder,
        uint256 slashableBefore
    );
    event EquivocationProven(
        bytes32 indexed id,
        address indexed orchestrator,
        address indexed broadcaster,
        bytes32 digestA,
        bytes32 digestB
    );

    constructor(address controllerAddress) Manager(controllerAddress) {
        domainSeparator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Streamflow"),
                keccak256("1"),
                block.chainid,
                address(this)
            )
        );
    }

    function challenge(
        Receipts.Receipt memory receipt,
        bytes memory sig,
        uint256 index,
        bytes32[] memory profiles,
        bytes32[] memory renditions,
        string memory dataURI
    ) external payable whenSystemNotPaused inCurrentRound returns (bytes32 id) {
        bytes32 digest = checkReceipt(receipt, sig);
        require(index < profiles.length && index < renditions.length, "index out of range");
        require(
            listHash(profiles) == receipt.profilesHash && listHash(renditions) == receipt.resultHash,
            "hash list mismatch"
        );
        id = keccak256(abi.encode(digest, index));
        Status status = challenges[id].status;
        require(status == Status.None || status == Status.Expired, "already challenged");

        uint256 price = IVerifierAdapter(receipt.verifier).fee();
        require(msg.value >= price && msg.value - price >= params.bond, "bond too low");
        open(id, receipt, rounds().currentRound() + params.timeout, Status.Open, msg.value - price);
        emit ChallengeOpened(
            id,
            receipt.orchestrator,
            receipt.broadcaster,
            msg.sender,
            receipt.verifier,
            digest,
            index,
            dataURI
        );
        IVerifierAdapter(receipt.verifier).submit{value: price}(
            id,
            IVerifierAdapter.Claim(
                receipt.orchestrator,
                receipt.serviceId,
                receipt.sourceHash,
                profiles[index],
                renditions[index],
                dataURI
            )
        );
    }

    // No slash in here: a slash that fails must not stop the judge's answer.
    function onVerified(bytes32 id, uint8 outcome) external {
        Challenge storage c = challenges[id];
        require(c.status == Status.Open, "challenge not open");
        require(msg.sender == c.verifier, "caller must be verifier");
        require(rounds().currentRound() <= c.deadlineRound, "challenge expired");
        require(outcome >= VALID && outcome <= NO_DATA, "bad outcome");

        if (outcome == FAULT) {
            c.status = Status.Faulty;
            release(c, c.challenger);
        } else {
            c.status = Status.Rejected;
            pendingCases[c.orchestrator] -= 1;
            // Never to the orchestrator: it could bait challengers for bonds.
            address treasury = controller.getContract(Names.TREASURY);
            release(c, treasury == address(0) ? Names.BURN : treasury);
        }
        emit ChallengeResolved(id, outcome);
    }

    // A judge that died must not destroy the evidence: the same case can be
    // opened again while its window lasts.
    function expireChallenge(bytes32 id) external {
        Challenge storage c = challenges[id];
        require(
            c.status == Status.Open && rounds().currentRound() > c.deadlineRound,
            "challenge not expired"
        );
        c.status = Status.Expired;
        pendingCases[c.orchestrator] -= 1;
        release(c, c.challenger);
        emit ChallengeExpired(id);
    }

    // Only the finder's side may execute, else the orchestrator would be first,
    // with an empty list of locks.
    function executeSlash(
        bytes32 id,
        uint256[] calldata lockIds
    ) external whenSystemNotPaused inCurrentRound {
        Challenge storage c = challenges[id];
        address orchestrator = c.orchestrator;
        require(c.status == Status.Faulty, "not faulty");
        require(msg.sender == c.challenger || msg.sender == c.broadcaster, "caller not authorized");
        require(verifierKind[c.verifier] == DETERMINISTIC, "verifier not slashable");
        checkCap(orchestrator, c.receiptRound);

        c.status = Status.Slashed;
        slashesInRound[orchestrator][c.receiptRound] += 1;
        pendingCases[orchestrator] -= 1;
        emit FaultSlashed(id, orchestrator, c.broadcaster, slashable(orchestrator));
        slash(orchestrator, c.broadcaster, lockIds);
    }

    function proveEquivocation(
        Receipts.Receipt memory a,
        bytes memory sigA,
        Receipts.Receipt memory b,
        bytes memory sigB
    ) external whenSystemNotPaused inCurrentRound returns (bytes32 id) {
        bytes32 digestA = checkReceipt(a, sigA);
        bytes32 digestB = checkReceipt(b, sigB);
        bytes32 key = a.requestKey();
        require(key == b.requestKey(), "not same request");
        require(
            a.verifier == b.verifier && verifierKind[a.verifier] == DETERMINISTIC,
            "verifier not deterministic"
        );
        require(a.resultHash != b.resultHash, "results equal");
        id = keccak256(abi.encodePacked("EQUIVOCATION", key));
        require(challenges[id].status == Status.None, "already proven");

        open(id, a.round < b.round ? a : b, rounds().currentRound(), Status.Faulty, 0);
        emit EquivocationProven(id, a.orchestrator, a.broadcaster, digestA, digestB);
    }

    function withdrawCredit() external {
        uint256 amount = credit[msg.sender];
        require(amount > 0, "no credit");
        credit[msg.sender] = 0;
        (bool sent, ) = msg.sender.call{value: amount}("");
        require(sent, "credit transfer failed");
    }

    // Views

    function getChallenge(bytes32 id) external view returns (Challenge memory) {
        return challenges[id];
    }

    function receiptDigest(Receipts.Receipt memory receipt) external view returns (bytes32) {
        return receipt.digest(domainSeparator);
    }

    function requestKey(Receipts.Receipt memory receipt) external pure returns (bytes32) {
        return receipt.requestKey();
    }

    // Bounded by the last deadline plus the round in which to execute: a case
    // that nobody finishes cannot hold delegators for longer.
    function exitFrozen(address orchestrator) external view returns (bool) {
        return pendingCases[orchestrator] > 0 && rounds().currentRound() <= frozenUntil[orchestrator];
    }

    // The checks that a challenge and a proof of equivocation share.
    function checkReceipt(
        Receipts.Receipt memory receipt,
        bytes memory sig
    ) private view returns (bytes32 digest) {
        uint256 round = rounds().currentRound();
        require(receipt.round <= round, "receipt round in future");
        require(round <= lastChallengeRound(receipt.round), "challenge window closed");
        // Others would copy the evidence from the mempool and take the bounty.
        require(
            msg.sender == receipt.broadcaster || isChallenger[receipt.broadcaster][msg.sender],
            "caller not authorized"
        );
        require(
            receipt.verifier != address(0) && verifierKind[receipt.verifier] != 0,
            "verifier not approved"
        );
        digest = receipt.digest(domainSeparator);
        address signer = ReceiptSigners.signerAt(controller, receipt.orchestrator, receipt.round);
        require(Receipts.signedBy(digest, sig, signer), "bad receipt signature");
        checkCap(receipt.orchestrator, receipt.round);
    }

    function checkCap(address orchestrator, uint256 receiptRound) private view {
        require(
            slashesInRound[orchestrator][receiptRound] < params.maxSlashesPerRound,
            "slash cap reached"
        );
    }

    function listHash(bytes32[] memory list) private pure returns (bytes32) {
        require(list.length <= MAX_RENDITIONS, "hash list mismatch");
        return keccak256(abi.encodePacked(list));
    }

    function open(
        bytes32 id,
        Receipts.Receipt memory receipt,
        uint256 deadline,
        Status status,
        uint256 bond
    ) private {
        challenges[id] = Challenge({
            challenger: msg.sender,
            broadcaster: receipt.broadcaster,
            orchestrator: receipt.orchestrator,
            verifier: receipt.verifier,
            receiptRound: receipt.round,
            deadlineRound: deadline,
            status: status,
            bond: bond
        });
        pendingCases[receipt.orchestrator] += 1;
        // Advisory verdicts slash nobody, hence hold nobody.
        if (verifierKind[receipt.verifier] == DETERMINISTIC && frozenUntil[receipt.orchestrator] < deadline + 1) {
            frozenUntil[receipt.orchestrator] = deadline + 1;
        }
    }

    function release(Challenge storage c, address to) private {
        uint256 bond = c.bond;
        c.bond = 0;
        credit[to] += bond;
    }

    function slashable(address orchestrator) private view returns (uint256) {
        try bonding().slashableStake(orchestrator) returns (uint256 stake) {
            return stake;
        } catch {
            return 0;
        }
    }

    // A BondingManager without the extension answers the long form with nothing.
    function slash(address orchestrator, address finder, uint256[] calldata lockIds) private {
        (uint256 amount, uint256 fee) = (params.slashAmount, params.finderFee);
        try bonding().slashTranscoderWithLocks(orchestrator, finder, amount, fee, lockIds) {
            return;
        } catch (bytes memory reason) {
            if (reason.length > 0) {
                assembly ("memory-safe") {
                    revert(add(reason, 32), mload(reason))
                }
            }
        }
        bonding().slashTranscoder(orchestrator, finder, amount, fee);
    }
}
